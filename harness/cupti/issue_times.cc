#include "harness/cupti/issue_times.h"

#include <algorithm>

namespace stallpoint {
namespace {

constexpr size_t kMostIntervals = 65'536;

}  // namespace

void IssueTimes::Begin(int64_t batch, int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!intervals_.empty() && intervals_.back().end_ns == INT64_MAX) intervals_.back().end_ns = now_ns;
  if (intervals_.size() == kMostIntervals) intervals_.pop_front();
  intervals_.push_back({batch, now_ns, INT64_MAX});
}

void IssueTimes::End(int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!intervals_.empty() && intervals_.back().end_ns == INT64_MAX) intervals_.back().end_ns = now_ns;
}

int64_t IssueTimes::BatchAt(int64_t time_ns) const {
  const std::lock_guard lock(mutex_);
  const auto after = std::upper_bound(intervals_.begin(), intervals_.end(), time_ns,
                                      [](int64_t time, const Interval& interval) { return time < interval.begin_ns; });
  if (after == intervals_.begin()) return -1;
  const Interval& last = *(after - 1);
  return time_ns < last.end_ns ? last.batch : -1;
}

}  // namespace stallpoint
