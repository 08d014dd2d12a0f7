#include "harness/engine/run_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "harness/record/clock.h"
#include "harness/record/process_counters.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kLookEveryNs = 100'000'000;

std::optional<uint64_t> ResidentBytes(int statm) {
  char text[128];
  const ssize_t got = pread(statm, text, sizeof(text), 0);
  if (got <= 0) return std::nullopt;
  return ParseResidentBytes(std::string_view(text, static_cast<size_t>(got)),
                            static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

RunGuard::RunGuard(const std::atomic<bool>& cancelled, uint64_t host_limit_bytes)
    : cancelled_(cancelled),
      host_limit_bytes_(host_limit_bytes),
      statm_(host_limit_bytes == 0 ? -1 : open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

RunGuard::~RunGuard() {
  if (statm_ >= 0) close(statm_);
}

const absl::Status& RunGuard::Check() {
  if (!status_.ok()) return status_;
  if (cancelled_.load(std::memory_order_relaxed)) return status_ = absl::CancelledError("cancelled");
  if (statm_ < 0) return status_;
  const int64_t now_ns = MonotonicNs();
  if (now_ns < next_look_ns_) return status_;
  next_look_ns_ = now_ns + kLookEveryNs;
  const std::optional<uint64_t> resident = ResidentBytes(statm_);
  if (resident.value_or(0) > host_limit_bytes_) {
    status_ = absl::ResourceExhaustedError(absl::StrCat(
        "host memory: the process holds ", HumanSize(static_cast<double>(*resident)), ", the limit is ",
        FormatSize(host_limit_bytes_), "; use a smaller --batch, --workers or --prefetch, or a larger --host-memory"));
  }
  return status_;
}

}  // namespace stallpoint
