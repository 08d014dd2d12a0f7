// Running a recorded workload again: what `replay --live` and `sweep --live` share.
#ifndef STALLPOINT_TOOLS_PROGRAM_LIVE_REQUEST_H_
#define STALLPOINT_TOOLS_PROGRAM_LIVE_REQUEST_H_

#include <filesystem>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "harness/run/live_run.h"
#include "tools/program/context.h"
#include "tools/program/live_setting.h"
#include "traces/run_record.h"

namespace stallpoint {

// The flags that say what to run; what is not given comes from the trace.
struct LiveFlags {
  std::string plugin, data, output;
  int64_t steps = 0;
  bool cold = false, in_process = false;

  void AddTo(CLI::App& verb);
};

// A request with what was recorded and no length yet. InvalidArgument: the plugin was a file, whose path no trace
// names.
absl::StatusOr<RunRequest> MakeLiveRequest(const LiveFlags& flags, const RunRecord& recorded, const Context& context);

// Long enough for the pipeline of its setting to be full for a while.
void SetLength(int64_t asked_steps, const RunRecord& recorded, RunRequest* request);

// Runs it, showing progress as `what`. `record`, when not null, becomes what was recorded of the run, if anything.
absl::StatusOr<LiveRun> RunOnce(const RunRequest& request, const std::string& what, const Context& context,
                                std::optional<RunRecord>* record = nullptr);

// Where live runs leave their traces: in the file that the user asked for, one behind the other, or in a folder that is
// removed with what is in it.
class LiveTraces {
 public:
  explicit LiveTraces(std::string output);
  ~LiveTraces();
  LiveTraces(const LiveTraces&) = delete;
  LiveTraces& operator=(const LiveTraces&) = delete;

  // Sets the place of the next run.
  void Place(RunRequest* request);

 private:
  const std::string output_;
  std::filesystem::path scratch_;
  size_t placed_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_LIVE_REQUEST_H_
