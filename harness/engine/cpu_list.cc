#include "harness/engine/cpu_list.h"

#include <cerrno>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace stallpoint {

absl::StatusOr<cpu_set_t> ParseCpuList(std::string_view text) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const absl::string_view part : absl::StrSplit(absl::string_view(text.data(), text.size()), ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    int first = 0, last = 0;
    if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &first) || !absl::SimpleAtoi(ends.back(), &last) ||
        first < 0 || last < first || last >= CPU_SETSIZE) {
      return absl::InvalidArgumentError(
          absl::StrCat("--cpus: found '", part, "', expected a CPU or a range below ", CPU_SETSIZE, ", as in 0-3,8"));
    }
    for (int cpu = first; cpu <= last; ++cpu) CPU_SET(static_cast<size_t>(cpu), &set);
  }
  return set;
}

ScopedAffinity::~ScopedAffinity() {
  if (confined_) sched_setaffinity(0, sizeof(before_), &before_);
}

absl::Status ScopedAffinity::Confine(std::string_view cpus) {
  if (cpus.empty()) return absl::OkStatus();
  const auto set = ParseCpuList(cpus);
  if (!set.ok()) return set.status();
  if (sched_getaffinity(0, sizeof(before_), &before_) != 0) return absl::ErrnoToStatus(errno, "sched_getaffinity");
  if (sched_setaffinity(0, sizeof(*set), &*set) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--cpus ", std::string(cpus),
                                                   ": none of these CPUs may be used by this process; `taskset -p $$` "
                                                   "shows which may"));
  }
  confined_ = true;
  return absl::OkStatus();
}

}  // namespace stallpoint
