// Computing that asks the kernel for nothing, and clocks: what threads of the benchmarks do.
#ifndef STALLPOINT_TOOLS_BENCH_SPIN_H_
#define STALLPOINT_TOOLS_BENCH_SPIN_H_

#include <time.h>

#include <cstdint>

namespace stallpoint {

inline int64_t ClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

inline void Spin(int64_t spins) {
  volatile uint64_t sink = 1;
  uint64_t x = sink;
  for (int64_t i = 0; i < spins; ++i) x = x * 6364136223846793005 + 1442695040888963407;
  sink = x;
}

// Of the calling thread, by its CPU time.
inline double SpinsPerNs() {
  constexpr int64_t kSpins = 50'000'000;
  Spin(kSpins / 5);
  const int64_t begin = ClockNs(CLOCK_THREAD_CPUTIME_ID);
  Spin(kSpins);
  return static_cast<double>(kSpins) / static_cast<double>(ClockNs(CLOCK_THREAD_CPUTIME_ID) - begin);
}

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_BENCH_SPIN_H_
