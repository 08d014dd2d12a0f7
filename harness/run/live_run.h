// Runs a workload under given knobs in a process of its own, recorded to a trace.
//
// Every run is a fresh child (fork and exec, because CUDA does not survive a bare fork), so that a crash, a hang or an
// out-of-memory kill costs that run and has a name. When the parent dies the child is killed with it. The child writes
// the trace itself; whatever happens to it, what it flushed stays.
#ifndef STALLPOINT_HARNESS_RUN_LIVE_RUN_H_
#define STALLPOINT_HARNESS_RUN_LIVE_RUN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "traces/knobs.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

struct RunRequest {
  std::string plugin;                          // id, or path of a file
  std::map<std::string, std::string> options;  // --set, those of probes under PROBE.KEY
  std::vector<std::string> probes;             // ids, or paths of files; a run that is not recorded has none
  std::string data_dir;
  bool cold_data = false;  // nothing of the data set is in the page cache when training begins
  Knobs knobs;
  int64_t steps = 0, epochs = 0;  // one of the two positive
  // While how many of the first steps are issued the work of CUDA devices is recorded (DeviceActivity), which makes
  // issuing them 40 to 70 % longer: kAllSteps, 0, or absent: a tenth of them, at least 5 and at most 20.
  std::optional<int64_t> device_work_steps;
  trace::RunRole role = trace::RUN_ROLE_MAIN;
  std::string trace_path;
  bool overwrite = false, append = false;
  // No step for so long: the trace is closed, the process group is killed and the run is timed-out. 0: never.
  int64_t timeout_ns = 0;
  bool in_process = false;  // for debuggers: without isolation and timeout
  // How the kernel holds the run to its host limit, set by ExecuteRun; empty: the run looks at itself.
  std::string host_limit_holder;
  // Of the trace's segments, set by ExecuteRun; 0: the recorder chooses one.
  uint64_t run_id = 0;
};

// Told while the run goes on, from the calling thread.
struct RunProgress {
  int64_t steps_done = 0, steps_total = 0;  // total 0: unknown
  double samples_per_s = 0;
  double loss = 0;
  bool has_loss = false;
  std::string doing;  // "starting", "training", "finishing"
};

struct RunOutcome {
  trace::Outcome outcome = trace::OUTCOME_UNSPECIFIED;
  std::string message;  // for people: what was found, what to do
  int exit_code = 0;    // of reliability.md: 0, 4 plugin, 5 workload, 7 I/O
  std::vector<std::string> warnings;
};

// Runs it and waits. `cancel` becoming true ends the run after its current step (trace closed, outcome cancelled).
// Errors before the run started (no such plugin, bad knobs, file exists) are the Status; whatever happened to the run
// is the value.
absl::StatusOr<RunOutcome> ExecuteRun(const RunRequest& request,
                                      const std::function<void(const RunProgress&)>& on_progress,
                                      const std::atomic<bool>& cancel);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_LIVE_RUN_H_
