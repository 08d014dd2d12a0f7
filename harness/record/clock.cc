#include "harness/record/clock.h"

#include <fstream>
#include <sstream>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace stallpoint {
namespace {

constexpr int kSnapshotAttempts = 5;
constexpr int64_t kCalibrationNs = 10'000'000;

bool TscIsInvariant() {
#if defined(__x86_64__)
  unsigned eax, ebx, ecx, edx;
  constexpr unsigned kInvariantTsc = 1u << 8;  // constant_tsc and nonstop_tsc in one bit, leaf 0x80000007
  if (!__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) || !(edx & kInvariantTsc)) return false;
  // A kernel that found the processors' counters apart takes the TSC off this list.
  std::ifstream available("/sys/devices/system/clocksource/clocksource0/available_clocksource");
  std::stringstream names;
  names << available.rdbuf();
  return names.str().empty() || names.str().find("tsc") != std::string::npos;
#else
  return false;
#endif
}

int64_t ClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

double Calibrate() {
  if (!kTicksAreTsc) return 1e9;
  const trace::ClockSnapshot first = TakeClockSnapshot();
  const timespec pause = {0, kCalibrationNs};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  const trace::ClockSnapshot second = TakeClockSnapshot();
  return 1e9 * static_cast<double>(second.ticks() - first.ticks()) /
         static_cast<double>(second.monotonic_ns() - first.monotonic_ns());
}

}  // namespace

const bool kTicksAreTsc = TscIsInvariant();

trace::ClockSnapshot TakeClockSnapshot() {
  trace::ClockSnapshot best;
  uint64_t best_width = UINT64_MAX;
  for (int attempt = 0; attempt < kSnapshotAttempts; ++attempt) {
    const uint64_t before = Ticks();
    const int64_t monotonic_ns = MonotonicNs();
    const uint64_t after = Ticks();
    if (after - before >= best_width) continue;
    best_width = after - before;
    best.set_ticks(before + best_width / 2);
    best.set_monotonic_ns(monotonic_ns);
    best.set_boottime_ns(ClockNs(CLOCK_BOOTTIME));
    best.set_realtime_ns(ClockNs(CLOCK_REALTIME));
  }
  return best;
}

double TicksPerSecond() {
  static const double ticks_per_second = Calibrate();
  return ticks_per_second;
}

int64_t TicksOfNs(int64_t duration_ns) {
  return static_cast<int64_t>(static_cast<double>(duration_ns) * (TicksPerSecond() * 1e-9));
}

uint64_t TicksAtMonotonic(int64_t monotonic_ns) {
  const trace::ClockSnapshot now = TakeClockSnapshot();
  return now.ticks() + static_cast<uint64_t>(TicksOfNs(monotonic_ns - now.monotonic_ns()));
}

}  // namespace stallpoint
