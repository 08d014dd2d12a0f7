// One question put to a fresh process, for what a plugin may crash, exit or hang in.
#ifndef STALLPOINT_HARNESS_CHECK_ASK_CHILD_H_
#define STALLPOINT_HARNESS_CHECK_ASK_CHILD_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "harness/run/run.pb.h"

namespace stallpoint {

struct ChildAnswer {
  run::ToParent message;  // empty when there was none: it crashed, or the time was up
  std::string crash;      // how the process ended without an answer, and where: "called exit(3)"
};

// Waits until the answer came, the process ended, or the time is up, when the process is killed. Cancelled: `cancel`
// became true. Other errors: the process could not be started.
absl::StatusOr<ChildAnswer> AskChild(const run::ToChild& question, int64_t timeout_ns, const std::atomic<bool>& cancel);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_ASK_CHILD_H_
