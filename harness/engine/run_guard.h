// Whether the run may go on: nobody has cancelled it, and the process stays within its host memory limit.
//
// Where the kernel does not hold the run to its limit, two ways that need no privilege do: the harness refuses its own
// buffers beyond it, and what the whole process holds is looked at ten times a second. Main thread only.
#ifndef STALLPOINT_HARNESS_ENGINE_RUN_GUARD_H_
#define STALLPOINT_HARNESS_ENGINE_RUN_GUARD_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "harness/record/process_counters.h"

namespace stallpoint {

inline constexpr char kHostLimitEnforcement[] =
    "buffers of the harness before each allocation, memory that the process holds ten times a second";

class RunGuard {
 public:
  // `host_limit_bytes` 0: unlimited, or held by the kernel.
  RunGuard(const std::atomic<bool>& cancelled, uint64_t host_limit_bytes);
  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;

  // Cancelled or ResourceExhausted when the run must end, and for ever after. Cheap enough to call at every step.
  const absl::Status& Check();

 private:
  const std::atomic<bool>& cancelled_;
  const uint64_t host_limit_bytes_;
  std::optional<ProcessCounters> counters_;
  int64_t next_look_ns_ = 0;
  absl::Status status_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_RUN_GUARD_H_
