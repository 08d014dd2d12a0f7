// Runs a workload in this process.
#ifndef STALLPOINT_HARNESS_RUN_RUN_HERE_H_
#define STALLPOINT_HARNESS_RUN_RUN_HERE_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/run/live_run.h"

namespace stallpoint {

class Loader;
class Recorder;

// Lets another thread end a run that does not end by itself: a workload that hangs. Any thread.
class RunControl {
 public:
  // The run is to end after its current step, with this outcome instead of what it comes to, and these warnings
  // besides.
  void End(trace::Outcome outcome, const std::string& message, const std::vector<std::string>& warnings = {});
  // Closes the trace of the run that is going on, if it is recorded, with this outcome. The run goes on unrecorded.
  void CloseTrace(trace::Outcome outcome, const std::string& message);

  // The state of the run's queue, empty while there is none.
  std::string DescribeQueue() const;

  // For the run: whether End was called; its outcome in place of a cancelled one; the recorder to close, null when it
  // is gone.
  const std::atomic<bool>& cancelled() const { return cancelled_; }
  void Explain(RunOutcome* outcome) const;
  void SetRecorder(Recorder* recorder);
  void SetLoader(const Loader* loader);

 private:
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  trace::Outcome end_outcome_ = trace::OUTCOME_CANCELLED;
  std::string end_message_;
  std::vector<std::string> end_warnings_;
  Recorder* recorder_ = nullptr;
  const Loader* loader_ = nullptr;
};

// As ExecuteRun, without a child process: `timeout_ns` and `in_process` are not looked at, and a crash is one of this
// process.
absl::StatusOr<RunOutcome> RunHere(const RunRequest& request,
                                   const std::function<void(const RunProgress&)>& on_progress, RunControl& control);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_RUN_HERE_H_
