// What became of a run whose process could not say it itself, added to its trace by the process that watched it.
#ifndef STALLPOINT_HARNESS_RUN_TRACE_VERDICT_H_
#define STALLPOINT_HARNESS_RUN_TRACE_VERDICT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "harness/run/live_run.h"

namespace stallpoint {

// Appends a segment of this process with the outcome to `request.trace_path`. The trace stays one that is not closed:
// what its recorder had not flushed is lost. REQUIRES: the run of `run_id` had opened the file, and its process is
// gone.
absl::Status AppendVerdict(const RunRequest& request, uint64_t run_id, const RunOutcome& outcome);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_TRACE_VERDICT_H_
