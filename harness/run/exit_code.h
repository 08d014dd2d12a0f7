// The exit code that an error of ExecuteRun asks for, carried inside the status.
#ifndef STALLPOINT_HARNESS_RUN_EXIT_CODE_H_
#define STALLPOINT_HARNESS_RUN_EXIT_CODE_H_

#include "absl/status/status.h"

namespace stallpoint {

// The codes of a run; the program has others.
enum ExitCode : int { kExitOk = 0, kExitUsage = 2, kExitPlugin = 4, kExitWorkload = 5, kExitIo = 7 };

absl::Status WithExitCode(absl::Status status, int exit_code);
// kExitUsage when the status carries none.
int ExitCodeOf(const absl::Status& status);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_EXIT_CODE_H_
