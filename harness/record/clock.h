// The recorder's clock: the TSC where it is invariant, otherwise CLOCK_MONOTONIC. Ticks become nanoseconds through the
// clock snapshots of the trace, not here. All functions may be called from any thread.
#ifndef STALLPOINT_HARNESS_RECORD_CLOCK_H_
#define STALLPOINT_HARNESS_RECORD_CLOCK_H_

#include <cstdint>
#include <ctime>

#include "traces/proto/trace.pb.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace stallpoint {

// Whether Ticks() reads the TSC (constant_tsc and nonstop_tsc, and the kernel still trusts it).
extern const bool kTicksAreTsc;

inline int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

inline uint64_t Ticks() {
#if defined(__x86_64__)
  if (kTicksAreTsc) [[likely]]
    return __rdtsc();
#endif
  return static_cast<uint64_t>(MonotonicNs());
}

// All clocks, read together: the reading whose two tick reads lay closest.
trace::ClockSnapshot TakeClockSnapshot();

// First calibration. It takes 10 ms, once per process, in whichever call needs it first.
double TicksPerSecond();
// A duration in ticks, by the first calibration (about 10 ppm).
int64_t TicksOfNs(int64_t duration_ns);
// For times away from the last snapshot (a deadline on the emulated device). Two calls for one instant may differ by
// some tens of nanoseconds: spans that must touch are computed from each other's ticks, not from two conversions.
uint64_t TicksAtMonotonic(int64_t monotonic_ns);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_CLOCK_H_
