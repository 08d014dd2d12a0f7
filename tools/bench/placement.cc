// What the host's scheduler makes of threads that sleep and compute as loader workers do, beside what the simulation
// makes of them with one queue for all cores, and with a queue for each under several migration delays.
//
// The threads are a loader without data: each waits and computes for every sample of a batch, hands the batch over in
// order, and goes on when it has a request. What the samples waited and computed in each run is measured and told to
// the simulation, so that only the scheduling is left to be right.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "replay/simulate/simulator.h"
#include "replay/statistics.h"
#include "tools/bench/spin.h"

namespace stallpoint {
namespace {

constexpr double kNsPerMs = 1e6;
constexpr double kRunNs = 1.5e9;        // of one setting, about
constexpr int64_t kFewestBatches = 60;  // of one setting

struct Shape {
  int32_t workers = 1, batch = 1, prefetch = 1;
  double wait_ms = 0, compute_ms = 0;
  double jitter = 0;  // sigma of the lognormal that a sample computes
};

// A mean batch as it was, and what its samples took in the mean.
struct Measured {
  double batch_ns = 0, wait_ns = 0, compute_ns = 0;
};

// What sleeping takes beyond what was asked for, of a thread that is alone.
double SleepOvershootNs() {
  std::vector<double> over;
  for (int i = 0; i < 50; ++i) {
    const timespec nap = {0, 1'000'000};
    const int64_t begin = ClockNs(CLOCK_MONOTONIC);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, nullptr);
    over.push_back(static_cast<double>(ClockNs(CLOCK_MONOTONIC) - begin) - 1e6);
  }
  return Median(over);
}

class Loop {
 public:
  Loop(const Shape& shape, double spins_per_ns)
      : shape_(shape), spins_per_ns_(spins_per_ns), requests_(shape.workers), wake_(shape.workers) {}

  Measured Run() {
    const double busiest =
        std::max(shape_.compute_ms / 2, (shape_.wait_ms + shape_.compute_ms) / shape_.workers) * shape_.batch;
    const auto batches = std::max(kFewestBatches, static_cast<int64_t>(kRunNs / kNsPerMs / busiest));
    finished_.assign(static_cast<size_t>(batches), false);
    computed_ns_.assign(static_cast<size_t>(shape_.workers), 0);
    int64_t requested = 0;
    const auto request = [&] {
      if (requested == batches) return;
      requests_[requested % shape_.workers].push_back(requested);
      wake_[requested % shape_.workers].notify_one();
      ++requested;
    };
    for (int i = 0; i < shape_.workers * shape_.prefetch; ++i) request();
    std::vector<std::thread> workers;
    for (int32_t i = 0; i < shape_.workers; ++i) workers.emplace_back(&Loop::Work, this, i);
    std::vector<int64_t> got;
    for (int64_t i = 0; i < batches; ++i) {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return finished_[i]; });
      got.push_back(ClockNs(CLOCK_MONOTONIC));
      request();
    }
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      for (std::condition_variable& wake : wake_) wake.notify_one();
    }
    int64_t computed = 0;
    for (int32_t i = 0; i < shape_.workers; ++i) {
      workers[i].join();
      computed += computed_ns_[i];
    }
    const int64_t first = batches / 5, last = batches * 9 / 10;  // without its begin and its end
    return {static_cast<double>(got[last] - got[first]) / static_cast<double>(last - first), shape_.wait_ms * kNsPerMs,
            static_cast<double>(computed) / static_cast<double>(batches * shape_.batch)};
  }

 private:
  void Work(int32_t index) {
    std::mt19937_64 random(static_cast<uint64_t>(index) + 1);
    std::lognormal_distribution<double> jitter(-shape_.jitter * shape_.jitter / 2, shape_.jitter);
    const timespec wait = {0, static_cast<long>(shape_.wait_ms * kNsPerMs)};
    const int64_t begin = ClockNs(CLOCK_THREAD_CPUTIME_ID);
    while (true) {
      int64_t batch;
      {
        std::unique_lock lock(mutex_);
        wake_[index].wait(lock, [&] { return over_ || !requests_[index].empty(); });
        if (requests_[index].empty()) break;
        batch = requests_[index].front();
        requests_[index].pop_front();
      }
      for (int32_t i = 0; i < shape_.batch; ++i) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, nullptr);
        Spin(static_cast<int64_t>(shape_.compute_ms * kNsPerMs * jitter(random) * spins_per_ns_));
      }
      const std::lock_guard lock(mutex_);
      finished_[batch] = true;
      arrived_.notify_one();
    }
    computed_ns_[index] = ClockNs(CLOCK_THREAD_CPUTIME_ID) - begin;
  }

  const Shape shape_;
  const double spins_per_ns_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::deque<int64_t>> requests_;
  std::deque<std::condition_variable> wake_;
  std::vector<bool> finished_;
  std::vector<int64_t> computed_ns_;
  bool over_ = false;
};

double Simulated(const Shape& shape, const Measured& measured, double migration_delay_ns) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> jitter(-shape.jitter * shape.jitter / 2, shape.jitter);
  std::vector<std::vector<Demand>> rows(4096);
  std::vector<uint32_t> order(rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    rows[i] = {{measured.wait_ns, measured.compute_ns * jitter(random)}};
    order[i] = i;
  }
  const DemandTape tape = DemandTape::Build(rows, order, order, 1, rows.size());
  std::vector<BatchWork> batches(2000);
  for (size_t i = 0; i < batches.size(); ++i) {
    batches[i].first_sample = static_cast<int64_t>(i) * shape.batch;
    batches[i].samples = shape.batch;
    batches[i].opens_epoch = i == 0;
  }
  Scenario scenario;
  scenario.worker_count = shape.workers;
  scenario.prefetch_depth = shape.prefetch;
  scenario.cores = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  scenario.migration_delay_ns = migration_delay_ns;
  const std::vector<StepTimes> steps = SimulateSharedCores(tape, batches, scenario).steps;
  const size_t first = batches.size() / 5, last = batches.size() * 9 / 10;
  return (steps[last].got - steps[first].got) / static_cast<double>(last - first);
}

struct Model {
  std::string name;
  double delay_ns = 0;
  std::vector<double> errors;
};

int Measure(double sample_jitter, int repeats) {
  std::vector<Shape> shapes;
  for (const auto& [wait, compute] : {std::pair{12.0, 7.0}, {12.0, 4.0}, {5.0, 7.0}, {1.0, 6.0}}) {
    for (const int32_t workers : {2, 3, 4, 6, 10}) {
      for (const auto& [batch, prefetch] : {std::pair{4, 1}, {4, 2}, {16, 2}}) {
        shapes.push_back({workers, batch, prefetch, wait, compute, sample_jitter});
      }
    }
  }
  std::vector<std::pair<size_t, Measured>> runs;
  for (int i = 0; i < repeats; ++i) {
    for (size_t shape = 0; shape < shapes.size(); ++shape) runs.emplace_back(shape, Measured{});
  }
  std::shuffle(runs.begin(), runs.end(), std::mt19937_64(1));
  const double spins_per_ns = SpinsPerNs(), overshoot_ns = SleepOvershootNs();
  for (auto& [shape, measured] : runs) {
    measured = Loop(shapes[shape], spins_per_ns).Run();
    measured.wait_ns += overshoot_ns;
  }
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

  std::vector<Model> models = {{"one queue", 0, {}}};
  for (const double ms : {1.5, 3.0, 6.0, 12.0, 24.0, 48.0})
    models.push_back({fmt::format("{} ms", ms), ms * kNsPerMs, {}});
  models.push_back({"never", 1e18, {}});
  fmt::print("{:>7} {:>7} {:>5} {:>8} {:>10} {:>9} {:>8}", "wait ms", "workers", "batch", "prefetch", "compute ms",
             "batch ms", "spread %");
  for (const Model& model : models) fmt::print(" {:>9}", model.name);
  fmt::print("\n");
  for (size_t at = 0; at < runs.size(); at += static_cast<size_t>(repeats)) {
    const Shape& shape = shapes[runs[at].first];
    double batch_ns = 0, compute_ns = 0, least = std::numeric_limits<double>::infinity(), most = 0;
    std::vector<double> errors(models.size(), 0);
    for (size_t i = at; i < at + static_cast<size_t>(repeats); ++i) {
      const Measured& measured = runs[i].second;
      batch_ns += measured.batch_ns / repeats;
      compute_ns += measured.compute_ns / repeats;
      least = std::min(least, measured.batch_ns);
      most = std::max(most, measured.batch_ns);
      for (size_t m = 0; m < models.size(); ++m) {
        errors[m] += 100 * (Simulated(shape, measured, models[m].delay_ns) / measured.batch_ns - 1) / repeats;
      }
    }
    fmt::print("{:>7} {:>7} {:>5} {:>8} {:>10.2f} {:>9.2f} {:>8.1f}", shape.wait_ms, shape.workers, shape.batch,
               shape.prefetch, compute_ns / kNsPerMs, batch_ns / kNsPerMs, 100 * (most - least) / batch_ns);
    for (size_t m = 0; m < models.size(); ++m) {
      fmt::print(" {:>+8.1f}%", errors[m]);
      models[m].errors.push_back(errors[m]);
    }
    fmt::print("\n");
  }
  fmt::print("\n{:<12} {:>8} {:>8} {:>8} {:>8}\n", "|error| %", "median", "p90", "most", "bias");
  for (const Model& model : models) {
    std::vector<double> sizes;
    for (const double error : model.errors) sizes.push_back(std::abs(error));
    std::sort(sizes.begin(), sizes.end());
    fmt::print("{:<12} {:>8.1f} {:>8.1f} {:>8.1f} {:>+8.1f}\n", model.name, sizes[sizes.size() / 2],
               sizes[sizes.size() * 9 / 10], sizes.back(), Mean(model.errors));
  }
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  CLI::App app("Threads that sleep and compute on this host, measured and simulated");
  int repeats = 2;
  double jitter = 0.1;
  app.add_option("--repeats", repeats, "runs of each shape")->check(CLI::Range(1, 100));
  app.add_option("--jitter", jitter, "sigma of the lognormal that samples compute (0.1)")
      ->check(CLI::Range(0.001, 2.0));
  CLI11_PARSE(app, argc, argv);
  return stallpoint::Measure(jitter, repeats);
}
