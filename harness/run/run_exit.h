// Exit codes of a run, as the program has them; an error of ExecuteRun carries its own inside the status.
#ifndef STALLPOINT_HARNESS_RUN_RUN_EXIT_H_
#define STALLPOINT_HARNESS_RUN_RUN_EXIT_H_

#include "absl/status/status.h"

namespace stallpoint {

namespace run_exit {

inline constexpr int kOk = 0;
inline constexpr int kUsage = 2;
inline constexpr int kPlugin = 4;
inline constexpr int kWorkload = 5;
inline constexpr int kIo = 7;

}  // namespace run_exit

absl::Status WithExitCode(absl::Status status, int exit_code);
// run_exit::kUsage when the status carries none.
int ExitCodeOf(const absl::Status& status);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_RUN_EXIT_H_
