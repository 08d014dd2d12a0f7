#include "harness/engine/run_guard.h"

#include "absl/strings/str_cat.h"
#include "harness/record/clock.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kLookEveryNs = 100'000'000;

}  // namespace

RunGuard::RunGuard(const std::atomic<bool>& cancelled, uint64_t host_limit_bytes)
    : cancelled_(cancelled), host_limit_bytes_(host_limit_bytes) {
  if (host_limit_bytes > 0) counters_.emplace();
}

const absl::Status& RunGuard::Check() {
  if (!status_.ok()) return status_;
  if (cancelled_.load(std::memory_order_relaxed)) return status_ = absl::CancelledError("cancelled");
  if (!counters_) return status_;
  const int64_t now_ns = MonotonicNs();
  if (now_ns < next_look_ns_) return status_;
  next_look_ns_ = now_ns + kLookEveryNs;
  const ProcessMemory memory = counters_->Memory();
  const uint64_t held = memory.held.value_or(memory.resident.value_or(0));
  if (held > host_limit_bytes_) {
    status_ = absl::ResourceExhaustedError(absl::StrCat(
        "host memory: the process holds ", HumanSize(static_cast<double>(held)), ", the limit is ",
        FormatSize(host_limit_bytes_), "; use a smaller --batch, --workers or --prefetch, or a larger --host-memory"));
  }
  return status_;
}

}  // namespace stallpoint
