// How fast the replay model is on one core: settings, steps and events per second of CPU time, and the memory it takes.
//
// Each row is a number of whole settings, repeated; times are CPU time of the thread, which other work on the machine
// disturbs less than wall time. Of each figure stand the best repetition, the least disturbed one, and the median.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "replay/predict/predictor.h"
#include "replay/simulate/simulator.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

double ThreadCpuSeconds() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9;
}

double PeakMegabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Workload {
  DemandTape tape;
  std::vector<BatchWork> batches;
};

// Samples of a read that waits and a decode that computes, both log-normal.
Workload MakeWorkload(int64_t steps, int32_t batch_size, bool waits) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> wait(std::log(2e6), 0.5), cpu(std::log(1e6), 0.5);
  std::vector<std::vector<Demand>> rows(size_t{1} << 16);
  std::vector<uint32_t> order(rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    rows[i] = {{waits ? wait(random) : 0, 0}, {0, cpu(random)}};
    order[i] = i;
  }
  Workload workload;
  workload.tape = DemandTape::Build(rows, order, order, 1, rows.size());
  workload.batches.resize(static_cast<size_t>(steps));
  for (int64_t i = 0; i < steps; ++i) {
    BatchWork& batch = workload.batches[i];
    batch.first_sample = i * batch_size;
    batch.samples = batch_size;
    batch.opens_epoch = i == 0;
    batch.worker = {0, 1e5};
    batch.receive_ns = 5e4;
    batch.launch_ns = 1e5;
    batch.step_ns = 4e6;
  }
  return workload;
}

Scenario MakeScenario(int32_t workers, double cores) {
  Scenario scenario;
  scenario.worker_count = workers;
  scenario.cores = cores;
  scenario.latencies = {4e4, 6e4, 6e4, 3e4, 2e5};
  return scenario;
}

class Table {
 public:
  explicit Table(int repeats) : repeats_(repeats) {}

  // `run` simulates `settings` settings and returns how many events or steps that were; 0: it does not know.
  void Row(const std::string& name, int64_t settings, const char* unit, const std::function<int64_t()>& run) {
    std::vector<double> seconds;
    int64_t units = 0;
    for (int i = 0; i < repeats_; ++i) {
      const double begin = ThreadCpuSeconds();
      units = run();
      seconds.push_back(ThreadCpuSeconds() - begin);
    }
    std::sort(seconds.begin(), seconds.end());
    const double least = seconds.front(), median = seconds[seconds.size() / 2];
    const auto millions = [&](double time) {
      return units > 0 ? fmt::format("{:.1f}", static_cast<double>(units) / time * 1e-6) : "";
    };
    fmt::print("{:<46} {:>9} {:>10.0f} {:>10.0f} {:>9} {:>9} {:<6} {:>8.1f}\n", name, settings,
               static_cast<double>(settings) / least, static_cast<double>(settings) / median, millions(least),
               millions(median), unit, PeakMegabytes());
    std::fflush(stdout);
  }

 private:
  const int repeats_;
};

int64_t Repeat(int64_t settings, const Workload& workload, const std::function<Scenario(int64_t)>& scenario_of) {
  int64_t units = 0;
  for (int64_t i = 0; i < settings; ++i) {
    const SimulationResult result = Simulate(workload.tape, workload.batches, scenario_of(i));
    units += result.shared_cores ? result.phases : static_cast<int64_t>(result.steps.size());
  }
  return units;
}

void PrintHeader(const std::string& title) {
  fmt::print("\n{}\n{:<46} {:>9} {:>10} {:>10} {:>9} {:>9} {:<6} {:>8}\n", title, "", "settings", "settings/s",
             "median", "M/s", "median", "of", "peak MiB");
}

void MeasureRecurrence(Table* table) {
  PrintHeader("Cores enough: the recurrence");
  const Workload usual = MakeWorkload(1000, 16, true);
  table->Row("10,000 settings x 1,000 steps, W 1-16, P 1-4", 10'000, "steps", [&] {
    return Repeat(10'000, usual, [](int64_t i) {
      Scenario scenario = MakeScenario(static_cast<int32_t>(1 + i % 16), 1000);
      scenario.prefetch_depth = static_cast<int32_t>(1 + i / 16 % 4);
      return scenario;
    });
  });
  for (const int32_t workers : {0, 1, 8, 64}) {
    table->Row(fmt::format("W={}", workers), 1000, "steps",
               [&] { return Repeat(1000, usual, [&](int64_t) { return MakeScenario(workers, 1000); }); });
  }
  const Workload steps = MakeWorkload(10'000, 16, true), samples = MakeWorkload(1000, 160, true);
  const auto eight = [](int64_t) { return MakeScenario(8, 1000); };
  table->Row("W=8, steps x10", 100, "steps", [&] { return Repeat(100, steps, eight); });
  table->Row("W=8, samples of a batch x10", 1000, "steps", [&] { return Repeat(1000, samples, eight); });
  table->Row("W=8, settings x10", 10'000, "steps", [&] { return Repeat(10'000, usual, eight); });
}

void MeasureSharedCores(double migration_delay_ns, Table* table) {
  PrintHeader(migration_delay_ns == 0 ? "4 cores, one queue for all: events of processor sharing"
                                      : "4 cores, a queue for each: events");
  const auto on_cores = [migration_delay_ns](int32_t workers) {
    Scenario scenario = MakeScenario(workers, 4);
    scenario.migration_delay_ns = migration_delay_ns;
    return scenario;
  };
  const Workload waits = MakeWorkload(1000, 16, true), computing = MakeWorkload(1000, 16, false);
  for (const int32_t workers : {4, 8, 16, 64}) {
    table->Row(fmt::format("W={}", workers), 20, "events",
               [&] { return Repeat(20, waits, [&](int64_t) { return on_cores(workers); }); });
  }
  const auto eight = [&](int64_t) { return on_cores(8); };
  table->Row("W=8, samples only compute", 100, "events", [&] { return Repeat(100, computing, eight); });
  table->Row("W=8, a device of 2 threads, slow-down 1.2", 20, "events", [&] {
    return Repeat(20, waits, [&](int64_t) {
      Scenario scenario = on_cores(8);
      scenario.device_threads = 2;
      scenario.stretch = 1.2;
      return scenario;
    });
  });
  const Workload steps = MakeWorkload(10'000, 16, true), samples = MakeWorkload(1000, 160, true);
  table->Row("W=8, steps x10", 2, "events", [&] { return Repeat(2, steps, eight); });
  table->Row("W=8, samples of a batch x10", 2, "events", [&] { return Repeat(2, samples, eight); });
  table->Row("W=8, settings x10", 200, "events", [&] { return Repeat(200, waits, eight); });
}

void MeasurePredictions(const std::vector<RunRecord>& runs, Table* table) {
  const auto predictor = Predictor::Fit(runs, {});
  if (!predictor.ok()) {
    fmt::print("no predictions: {}\n", std::string(predictor.status().message()));
    return;
  }
  PrintHeader("Predictions from a trace, each with its interval, shares and memory");
  for (const int32_t workers : {1, 8, 64}) {
    for (const int64_t batch_size : {8, 64, 256}) {
      Knobs knobs = (*predictor)->recorded();
      knobs.worker_count = workers;
      knobs.batch_size = batch_size;
      table->Row(fmt::format("W={}, batch {}", workers, batch_size), 100, "", [&] {
        for (int i = 0; i < 100; ++i) (*predictor)->Predict(knobs);
        return int64_t{0};
      });
    }
  }
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app("CPU time of the replay model");
  std::string trace, only;
  int repeats = 7;
  app.add_option("--trace", trace, "also predict settings from this trace")->type_name("FILE");
  app.add_option("--repeats", repeats, "of every row");
  app.add_option("--only", only, "part of it")
      ->check(CLI::IsMember({"recurrence", "one-queue", "core-queues", "predictions"}));
  CLI11_PARSE(app, argc, argv);
  Table table(repeats);
  const auto wanted = [&only](const char* part) { return only.empty() || only == part; };
  if (wanted("recurrence")) MeasureRecurrence(&table);
  if (wanted("one-queue")) MeasureSharedCores(0, &table);
  if (wanted("core-queues")) MeasureSharedCores(12e6, &table);
  if (!trace.empty() && wanted("predictions")) {
    const auto contents = LoadTrace(trace);
    if (!contents.ok()) {
      fmt::print(stderr, "{}\n", std::string(contents.status().message()));
      return 1;
    }
    MeasurePredictions(contents->runs, &table);
  }
  return 0;
}

}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
