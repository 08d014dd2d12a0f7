// Executing a run on behalf of a verb: progress, warnings, and the exit code of what happened.
#ifndef STALLPOINT_TOOLS_PROGRAM_RUN_VERB_H_
#define STALLPOINT_TOOLS_PROGRAM_RUN_VERB_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/run/live_run.h"
#include "tools/program/context.h"

namespace stallpoint {

// Executes `request`, showing progress as `what`; warnings of the run go to stderr.
absl::StatusOr<RunOutcome> ExecuteShown(const RunRequest& request, const std::string& what, const Context& context);

// The code of the verb after a run that ended so: 0 for ok, 130 for cancelled, else the run's own.
int ExitCodeOf(const RunOutcome& outcome);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_RUN_VERB_H_
