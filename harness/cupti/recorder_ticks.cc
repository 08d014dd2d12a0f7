#include "harness/cupti/recorder_ticks.h"

#include <algorithm>

#include "harness/record/clock.h"

namespace stallpoint {
namespace {

constexpr size_t kMostPoints = 4096;

}  // namespace

void RecorderTicks::TakeSnapshot() {
  const trace::ClockSnapshot now = TakeClockSnapshot();
  if (!points_.empty() && (now.monotonic_ns() <= points_.back().monotonic_ns || now.ticks() <= points_.back().ticks)) {
    return;
  }
  points_.push_back({now.monotonic_ns(), now.ticks()});
  if (points_.size() > kMostPoints) points_.pop_front();
}

uint64_t RecorderTicks::At(int64_t monotonic_ns) const {
  const auto after = std::upper_bound(points_.begin(), points_.end(), monotonic_ns,
                                      [](int64_t time, const Point& point) { return time < point.monotonic_ns; });
  // Outside the snapshots the first calibration's rate goes on.
  if (after == points_.begin() || after == points_.end()) {
    const Point& near = after == points_.begin() ? points_.front() : points_.back();
    return near.ticks + static_cast<uint64_t>(TicksOfNs(monotonic_ns - near.monotonic_ns));
  }
  const Point& before = *(after - 1);
  const double share = static_cast<double>(monotonic_ns - before.monotonic_ns) /
                       static_cast<double>(after->monotonic_ns - before.monotonic_ns);
  return before.ticks + static_cast<uint64_t>(share * static_cast<double>(after->ticks - before.ticks));
}

}  // namespace stallpoint
