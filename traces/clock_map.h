// Turns the ticks of one writer into CLOCK_MONOTONIC nanoseconds, piecewise between its clock snapshots.
//
// One calibration would drift: NTP slews the monotonic clock by up to 500 ppm. Outside the snapshots the nearest slope
// goes on. Values are plain; const access from any thread.
#ifndef STALLPOINT_TRACES_CLOCK_MAP_H_
#define STALLPOINT_TRACES_CLOCK_MAP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace stallpoint {

class ClockMap {
 public:
  // `ticks_per_second` is used while there are fewer than two usable snapshots; what is not a positive number counts as
  // 1e9.
  void SetNominalRate(double ticks_per_second);
  // In any order; a duplicate, or a snapshot whose clock runs backwards against its predecessor, is passed over.
  void Add(uint64_t ticks, int64_t monotonic_ns);
  // To be called after the last Add and before the first ToNs.
  void Seal();

  // Nothing for a time that cannot be: 0 ticks (never set), before the clock began, or over 30 days from every
  // snapshot.
  std::optional<int64_t> ToNs(uint64_t ticks) const;

  size_t snapshots() const { return points_.size(); }

 private:
  // From `ticks` on, time is monotonic_ns + (t - ticks) * slope.
  struct Point {
    uint64_t ticks;
    int64_t monotonic_ns;
    double slope;
  };

  double SlopeBetween(size_t from, size_t to) const;

  std::vector<Point> points_;
  double nominal_slope_ = 1;  // nanoseconds per tick
  double slope_before_ = 1;   // of times before the first snapshot
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_CLOCK_MAP_H_
