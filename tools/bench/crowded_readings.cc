// What it costs threads that share cores to be asked for what they used: as often as a sample has stages, by the clock
// of their CPU time and as the recorder asks.
//
// The threads sleep and compute in turn, as loader workers do, and know nothing of each other. Times are of a turn; the
// three ways take turns, so that what changes on the machine meets all of them.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "harness/record/thread_usage.h"
#include "tools/bench/spin.h"

namespace stallpoint {
namespace {

constexpr double kJitter = 0.1;  // sigma of the lognormal that a turn computes
constexpr double kRunNs = 2e9;

struct Shape {
  int threads_per_core = 1;
  double sleep_ms = 0, compute_ms = 0;
};

enum class Asked { kNot, kCpuClock, kRecorder };
constexpr Asked kWays[] = {Asked::kNot, Asked::kCpuClock, Asked::kRecorder};

void Ask(Asked way) {
  if (way == Asked::kCpuClock) ClockNs(CLOCK_THREAD_CPUTIME_ID);
  if (way == Asked::kRecorder) ReadThreadUsage();
}

// Milliseconds of a turn, mean over threads.
double TurnMs(const Shape& shape, int threads, double spins_per_ns, Asked way) {
  const auto turns = static_cast<int>(kRunNs / ((shape.sleep_ms + shape.compute_ms) * 1e6));
  std::atomic<int64_t> total_ns{0};
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&, thread] {
      std::mt19937_64 random(static_cast<uint64_t>(thread) + 1);
      std::lognormal_distribution<double> jitter(-kJitter * kJitter / 2, kJitter);
      const timespec sleep = {0, static_cast<long>(shape.sleep_ms * 1e6)};
      const int64_t begin = ClockNs(CLOCK_MONOTONIC);
      for (int turn = 0; turn < turns; ++turn) {
        const auto spins = static_cast<int64_t>(shape.compute_ms * 1e6 * jitter(random) * spins_per_ns);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, nullptr);
        Ask(way);
        Spin(spins / 4 * 3);
        Ask(way);
        Spin(spins / 4);
        Ask(way);
      }
      total_ns += ClockNs(CLOCK_MONOTONIC) - begin;
    });
  }
  for (std::thread& thread : all) thread.join();
  return static_cast<double>(total_ns) * 1e-6 / threads / turns;
}

// "median (least to most)"
std::string Spread(std::vector<double> values, int decimals) {
  std::sort(values.begin(), values.end());
  return fmt::format("{:.{}f} ({:.{}f} to {:.{}f})", values[values.size() / 2], decimals, values.front(), decimals,
                     values.back(), decimals);
}

void Measure(int repeats) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const double spins_per_ns = SpinsPerNs();
  fmt::print("{:>7} {:>8} {:>10}   {:<24} {:<26} {:<26}\n", "threads", "sleep ms", "compute ms", "not asked, ms a turn",
             "CPU clock, % longer", "recorder, % longer");
  for (const Shape& shape :
       {Shape{1, 4, 2.5}, Shape{2, 4, 2.5}, Shape{2, 12, 3.5}, Shape{3, 12, 3.5}, Shape{5, 12, 3.5}, Shape{3, 1, 6}}) {
    const int threads = shape.threads_per_core * cores;
    std::vector<double> plain, clock, recorder;
    for (int i = 0; i < repeats; ++i) {
      double turn_ms[std::size(kWays)];
      for (const Asked way : kWays) turn_ms[static_cast<int>(way)] = TurnMs(shape, threads, spins_per_ns, way);
      plain.push_back(turn_ms[0]);
      clock.push_back(100 * (turn_ms[1] / turn_ms[0] - 1));
      recorder.push_back(100 * (turn_ms[2] / turn_ms[0] - 1));
    }
    fmt::print("{:>7} {:>8} {:>10}   {:<24} {:<26} {:<26}\n", threads, shape.sleep_ms, shape.compute_ms,
               Spread(plain, 2), Spread(clock, 1), Spread(recorder, 1));
  }
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  CLI::App app("What readings cost threads that share cores");
  int repeats = 5;
  app.add_option("--repeats", repeats, "rounds of the three ways")->check(CLI::Range(1, 100))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  stallpoint::Measure(repeats);
}
