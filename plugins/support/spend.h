// Spending time on purpose. All functions throw SP_CANCELLED soon after the run is cancelled.
#ifndef STALLPOINT_PLUGINS_SUPPORT_SPEND_H_
#define STALLPOINT_PLUGINS_SUPPORT_SPEND_H_

#include <time.h>

#include <algorithm>
#include <cstdint>

#include "stallpoint/plugin/host.h"

namespace stallpoint::bundled {

inline int64_t ClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Burns `ns` of the calling thread's CPU time: the same demand however busy the machine is. Exact within a few
// microseconds.
inline void BurnCpu(plugin::Host host, int64_t ns) {
  constexpr int64_t kCheckEveryNs = 20'000'000;
  thread_local double spins_per_ns = 0.5;
  int64_t now = ClockNs(CLOCK_THREAD_CPUTIME_ID);
  const int64_t end = now + ns;
  int64_t next_check = now + kCheckEveryNs;
  volatile uint64_t sink = 0;
  while (now < end) {
    const auto spins = static_cast<int64_t>(std::clamp(static_cast<double>(end - now) * spins_per_ns, 50.0, 1e6));
    uint64_t x = sink;
    for (int64_t i = 0; i < spins; ++i) x = x * 6364136223846793005 + 1442695040888963407;
    sink = x;
    const int64_t after = ClockNs(CLOCK_THREAD_CPUTIME_ID);
    if (after - now > 10'000) spins_per_ns = static_cast<double>(spins) / static_cast<double>(after - now);
    now = after;
    if (now >= next_check) {
      host.check_cancelled();
      next_check = now + kCheckEveryNs;
    }
  }
}

// Waits `ns` without using CPU.
inline void Sleep(plugin::Host host, int64_t ns) {
  constexpr int64_t kCheckEveryNs = 50'000'000;
  const int64_t end = ClockNs(CLOCK_MONOTONIC) + ns;
  while (ns > 0) {
    const int64_t until = end - std::max<int64_t>(0, ns - kCheckEveryNs);
    const timespec deadline = {until / 1'000'000'000, until % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr);
    ns = end - ClockNs(CLOCK_MONOTONIC);
    if (ns > 0) host.check_cancelled();
  }
}

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_SPEND_H_
