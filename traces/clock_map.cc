#include "traces/clock_map.h"

#include <algorithm>
#include <cmath>

namespace stallpoint {
namespace {

// Later than any real clock, and far from overflow.
constexpr int64_t kLatestNs = int64_t{4'000'000'000} * 1'000'000'000;
constexpr int64_t kFarNs = int64_t{30} * 24 * 3600 * 1'000'000'000;
// Snapshots closer than this say too little about the slope to be extrapolated from.
constexpr int64_t kSlopeBaseNs = 1'000'000;

double Distance(uint64_t from, uint64_t to) {
  return to >= from ? static_cast<double>(to - from) : -static_cast<double>(from - to);
}

}  // namespace

void ClockMap::SetNominalRate(double ticks_per_second) {
  const bool usable = std::isfinite(ticks_per_second) && ticks_per_second >= 1;
  nominal_slope_ = usable ? 1e9 / ticks_per_second : 1;
}

void ClockMap::Add(uint64_t ticks, int64_t monotonic_ns) {
  if (ticks == 0 || monotonic_ns < 0 || monotonic_ns > kLatestNs) return;
  points_.push_back({ticks, monotonic_ns, nominal_slope_});
}

double ClockMap::SlopeBetween(size_t from, size_t to) const {
  return static_cast<double>(points_[to].monotonic_ns - points_[from].monotonic_ns) /
         Distance(points_[from].ticks, points_[to].ticks);
}

void ClockMap::Seal() {
  std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.ticks < b.ticks; });
  size_t kept = 0;
  for (const Point& point : points_) {
    const bool goes_on =
        kept == 0 || (point.ticks > points_[kept - 1].ticks && point.monotonic_ns >= points_[kept - 1].monotonic_ns);
    if (goes_on) points_[kept++] = point;
  }
  points_.resize(kept);
  points_.shrink_to_fit();
  slope_before_ = nominal_slope_;
  if (kept == 0) return;

  for (size_t i = 0; i + 1 < kept; ++i) points_[i].slope = SlopeBetween(i, i + 1);
  points_.back().slope = nominal_slope_;
  if (kept < 2) return;
  size_t near = 1;
  while (near + 1 < kept && points_[near].monotonic_ns - points_.front().monotonic_ns < kSlopeBaseNs) ++near;
  slope_before_ = SlopeBetween(0, near);
  size_t far = kept - 2;
  while (far > 0 && points_.back().monotonic_ns - points_[far].monotonic_ns < kSlopeBaseNs) --far;
  points_.back().slope = SlopeBetween(far, kept - 1);
}

std::optional<int64_t> ClockMap::ToNs(uint64_t ticks) const {
  if (ticks == 0) return std::nullopt;
  Point from = {0, 0, nominal_slope_};
  if (!points_.empty()) {
    auto next = std::upper_bound(points_.begin(), points_.end(), ticks,
                                 [](uint64_t value, const Point& point) { return value < point.ticks; });
    from = next == points_.begin() ? points_.front() : *(next - 1);
    if (next == points_.begin()) from.slope = slope_before_;
  }
  const double offset_ns = Distance(from.ticks, ticks) * from.slope;
  // Without a snapshot the origin is unknown and only the range of the type limits the result.
  const double limit_ns = static_cast<double>(points_.empty() ? kLatestNs : kFarNs);
  const bool inside = !points_.empty() && ticks >= points_.front().ticks && ticks <= points_.back().ticks;
  if (!inside && !(std::fabs(offset_ns) <= limit_ns)) return std::nullopt;
  int64_t result = 0;
  if (__builtin_add_overflow(from.monotonic_ns, std::llround(offset_ns), &result) || result < 0) return std::nullopt;
  return result;
}

}  // namespace stallpoint
