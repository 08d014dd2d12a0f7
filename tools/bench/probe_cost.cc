// What one poll of each probe costs in CPU time, in processes of a few, some and many threads; and of a core, at the
// probe's own period.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "harness/host/plugin_search.h"
#include "harness/host/probe.h"
#include "harness/record/clock.h"
#include "harness/run/probe_thread.h"

namespace stallpoint {
namespace {

class Nowhere : public ProbeOutlet {
 public:
  void Declare(const std::vector<ProbeSeries>&) override {}
  void Counter(size_t, double) override { ++values; }
  void Log(int32_t, std::string_view) override {}

  int64_t values = 0;
};

// Threads that sleep.
class Sleepers {
 public:
  explicit Sleepers(int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] { done_.wait(false); });
    }
  }
  ~Sleepers() {
    done_ = true;
    done_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::vector<std::thread> threads_;
};

int64_t ThreadCpu() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return int64_t{cpu.tv_sec} * 1'000'000'000 + cpu.tv_nsec;
}

absl::Status Measure(const std::string& id, int threads, int polls) {
  const auto plugin = FindProbe(id);
  if (!plugin.ok()) return plugin.status();
  Nowhere outlet;
  ProbeHost host({{"data_dir", "/"}}, outlet);
  const auto probe = Probe::Create(*plugin, host);
  if (!probe.ok()) return probe.status();
  if (absl::Status started = (*probe)->Start(); !started.ok()) return started;
  const Sleepers sleepers(threads);
  std::vector<int64_t> cpu_ns;
  for (int i = 0; i < polls; ++i) {
    const int64_t begin_ns = ThreadCpu();
    if (absl::Status polled = (*probe)->Poll(MonotonicNs()); !polled.ok()) return polled;
    cpu_ns.push_back(ThreadCpu() - begin_ns);
    // As in a run, where the caches are the workload's by the time of the next poll.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const int64_t values = outlet.values;
  std::sort(cpu_ns.begin(), cpu_ns.end());
  double sum_ns = 0;
  for (const int64_t one : cpu_ns) sum_ns += static_cast<double>(one);
  const double mean_ns = sum_ns / polls;
  const auto interval_ns = static_cast<double>(PollIntervalNs((*probe)->min_poll_ns(), static_cast<uint64_t>(mean_ns)));
  fmt::print("{:<10}{:>8}{:>14.0f}{:>14.0f}{:>14.0f}{:>12.3f} %{:>10}\n", id, threads + 1,
             static_cast<double>(cpu_ns[cpu_ns.size() / 2]) / 1e3, mean_ns / 1e3,
             static_cast<double>(cpu_ns[cpu_ns.size() * 9 / 10]) / 1e3, 100 * mean_ns / interval_ns, values / polls);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  std::vector<std::string> probes = {"cpu", "memory", "storage"};
  std::vector<int> threads = {3, 15, 127};
  int polls = 100, ballast_mib = 64;
  CLI::App app("CPU time of one poll of each probe");
  app.add_option("--probe", probes, "ids")->delimiter(',')->capture_default_str();
  app.add_option("--threads", threads, "sleeping threads beside the probe's")->delimiter(',')->capture_default_str();
  app.add_option("--polls", polls, "of each")->capture_default_str()->check(CLI::Range(10, 100'000));
  app.add_option("--memory", ballast_mib, "MiB touched, for what walks all pages")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::vector<char> ballast(static_cast<size_t>(ballast_mib) << 20, 1);
  fmt::print("{:<10}{:>8}{:>14}{:>14}{:>14}{:>14}{:>10}\n", "probe", "threads", "median us", "mean us", "p90 us",
             "of a core", "values");
  for (const std::string& id : probes) {
    for (const int count : threads) {
      if (absl::Status measured = Measure(id, count, polls); !measured.ok()) {
        fmt::print("{:<10}{}\n", id, std::string(measured.message()));
        break;
      }
    }
  }
  return ballast.back() == 1 ? 0 : 1;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
