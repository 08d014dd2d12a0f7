// Spending time on purpose. All functions throw SP_CANCELLED soon after the run is cancelled.
#ifndef STALLPOINT_PLUGINS_SUPPORT_SPEND_H_
#define STALLPOINT_PLUGINS_SUPPORT_SPEND_H_

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stallpoint/plugin/host.h"

namespace stallpoint::bundled {

inline int64_t ClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// How often the calling thread gave up its core or lost it.
inline int64_t Switches() {
  rusage used;
  return getrusage(RUSAGE_THREAD, &used) == 0 ? used.ru_nvcsw + used.ru_nivcsw : 0;
}

// Burns `ns` of the calling thread's CPU time: the same demand however busy the machine is. Exact within a few
// microseconds, and a few hundredths of what it computed in while it lost its core; what a hypervisor takes meanwhile
// counts as burnt. Does not read the thread's CPU clock: where threads wait for the core, that costs the thread its
// core (harness/record/thread_usage.h).
inline void BurnCpu(plugin::Host host, int64_t ns) {
  constexpr int64_t kCheckEveryNs = 20'000'000, kLongestNs = 100'000;
  thread_local double spins_per_ns = 0.5;
  int64_t burnt = 0, next_check = kCheckEveryNs;
  volatile uint64_t sink = 0;
  int64_t now = ClockNs(CLOCK_MONOTONIC), switches = Switches();
  while (burnt < ns) {
    const int64_t wanted = std::min(ns - burnt, kLongestNs);
    const auto spins = static_cast<int64_t>(std::clamp(static_cast<double>(wanted) * spins_per_ns, 50.0, 1e6));
    uint64_t x = sink;
    for (int64_t i = 0; i < spins; ++i) x = x * 6364136223846793005 + 1442695040888963407;
    sink = x;
    const int64_t after = ClockNs(CLOCK_MONOTONIC), switches_after = Switches();
    const bool computed_all_along = switches_after == switches;
    if (computed_all_along && after - now > 10'000) {
      spins_per_ns = static_cast<double>(spins) / static_cast<double>(after - now);
    }
    burnt += computed_all_along ? after - now : std::llround(static_cast<double>(spins) / spins_per_ns);
    now = after;
    switches = switches_after;
    if (burnt >= next_check) {
      host.check_cancelled();
      next_check = burnt + kCheckEveryNs;
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
