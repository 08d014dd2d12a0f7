// Runs a workload in this process.
#ifndef STALLPOINT_HARNESS_RUN_RUN_HERE_H_
#define STALLPOINT_HARNESS_RUN_RUN_HERE_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "harness/run/live_run.h"

namespace stallpoint {

class Recorder;

// Lets another thread end a run that does not end by itself: a workload that hangs. Any thread.
class RunControl {
 public:
  // Becomes true when the run is to end after its current step.
  std::atomic<bool> cancelled{false};

  // Closes the trace of the run that is going on, if it is recorded, with this outcome. The run goes on unrecorded.
  void CloseTrace(trace::Outcome outcome, const std::string& message);

  // For the run: the recorder to close, null when it is gone.
  void SetRecorder(Recorder* recorder);

 private:
  std::mutex mutex_;
  Recorder* recorder_ = nullptr;
};

// As ExecuteRun, without a child process: `timeout_ns` and `in_process` are not looked at, and a crash is one of this
// process.
absl::StatusOr<RunOutcome> RunHere(const RunRequest& request,
                                   const std::function<void(const RunProgress&)>& on_progress, RunControl& control);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_RUN_HERE_H_
