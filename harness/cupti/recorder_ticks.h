// CLOCK_MONOTONIC times of the recent past as ticks of the recorder's clock, piecewise between snapshots of both: the
// way back from what a reader of the trace does. One thread.
#ifndef STALLPOINT_HARNESS_CUPTI_RECORDER_TICKS_H_
#define STALLPOINT_HARNESS_CUPTI_RECORDER_TICKS_H_

#include <cstdint>
#include <deque>

namespace stallpoint {

class RecorderTicks {
 public:
  RecorderTicks() { TakeSnapshot(); }

  // To be called several times a second.
  void TakeSnapshot();
  // Never runs backwards for later times between two snapshots.
  uint64_t At(int64_t monotonic_ns) const;

 private:
  struct Point {
    int64_t monotonic_ns;
    uint64_t ticks;
  };

  std::deque<Point> points_;  // in order of both; never empty
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_RECORDER_TICKS_H_
