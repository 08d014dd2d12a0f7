// The simulator against what queueing theory knows exactly, through its public interface. Random cases are held to a
// tolerance of 4 standard errors, which the run itself gives.
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "catch.h"
#include "replay/simulate/accounting.h"
#include "replay/simulate/simulator.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr double kMean = 1e6;  // ns
constexpr double kStandardErrors = 4;

struct Run {
  DemandTape tape;
  std::vector<BatchWork> batches;
};

// One sample a batch; `sample` and `step` draw the costs.
template <typename Sample, typename Step>
Run MakeRun(int64_t count, Sample sample, Step step) {
  std::vector<std::vector<Demand>> rows(count);
  std::vector<uint32_t> order(count);
  Run run;
  run.batches.resize(count);
  for (int64_t i = 0; i < count; ++i) {
    rows[i] = {sample(i)};
    order[i] = static_cast<uint32_t>(i);
    run.batches[i].first_sample = i;
    run.batches[i].samples = 1;
    run.batches[i].opens_epoch = i == 0;
    run.batches[i].step_ns = step(i);
  }
  run.tape = DemandTape::Build(rows, order, order, 1, order.size());
  return run;
}

Scenario MakeScenario(int32_t workers, int32_t prefetch, int32_t ahead, double cores) {
  Scenario scenario;
  scenario.worker_count = workers;
  scenario.prefetch_depth = prefetch;
  scenario.steps_in_flight = ahead;
  scenario.cores = cores;
  return scenario;
}

// One worker that never runs out of requests is a stream of arrivals, main passes them on at once, and the device is a
// single server that takes them in order: the time from issue to start is the wait in its queue.
std::vector<double> WaitsOfQueue(const Run& run) {
  const int32_t count = static_cast<int32_t>(run.batches.size());
  std::vector<double> waits;
  for (const StepTimes& step : SolveRecurrence(run.tape, run.batches, MakeScenario(1, count, count, 8)).steps) {
    waits.push_back(step.device_begin - step.issued);
  }
  return waits;
}

void CheckMean(const std::vector<double>& values, double expected) {
  const double error = BlockStandardError(values);
  INFO("mean " << Mean(values) << " of " << expected << ", standard error " << error);
  CHECK(error < 0.05 * expected);  // else the run says nothing
  CHECK(std::abs(Mean(values) - expected) < kStandardErrors * error);
}

// Jobs completed per ns when `jobs` alternate between a wait and computing on equally shared cores, of these means.
// Exact by product form, whatever the two distributions (Baskett, Chandy, Muntz, Palacios 1975): the probability of n
// jobs on the cores is in proportion to the product of the rates that lead there.
double ThroughputOfClosedNetwork(int jobs, double think_mean, double serve_mean, double cores) {
  double weight = 1, total = 1, completed = 0;
  for (int n = 1; n <= jobs; ++n) {
    const double rate = std::min<double>(n, cores) / serve_mean;
    weight *= (jobs - n + 1) / think_mean / rate;
    total += weight;
    completed += weight * rate;
  }
  return completed / total;
}

}  // namespace

TEST_CASE("a line of even stations takes the fill time and then the slowest station's time for each") {
  const int64_t count = 200;
  const Run run = MakeRun(
      count,
      [](int64_t) {
        return Demand{3e6, 0};
      },
      [](int64_t) { return 5e6; });
  std::vector<BatchWork> batches = run.batches;
  for (BatchWork& batch : batches) {
    batch.receive_ns = 1e6;
    batch.launch_ns = 0.5e6;
  }
  // Loading 3, main 1.5, the device 5: it is the slowest, and the others only delay its first step.
  const Scenario scenario = MakeScenario(1, 2, 2, 8);
  const double filled = 3e6 + 1e6 + 0.5e6;
  for (const auto& steps :
       {SolveRecurrence(run.tape, batches, scenario).steps, SimulateSharedCores(run.tape, batches, scenario).steps}) {
    for (int64_t i = 0; i < count; ++i) {
      REQUIRE(steps[i].device_end == Approx(filled + static_cast<double>(i + 1) * 5e6).margin(1));
    }
  }
  // With a device of 2 ms loading is the slowest: a batch every 3 ms, each at the device 1.5 ms after it is loaded.
  for (BatchWork& batch : batches) batch.step_ns = 2e6;
  for (const auto& steps :
       {SolveRecurrence(run.tape, batches, scenario).steps, SimulateSharedCores(run.tape, batches, scenario).steps}) {
    for (int64_t i = 0; i < count; ++i) {
      REQUIRE(steps[i].device_end == Approx(static_cast<double>(i + 1) * 3e6 + 1.5e6 + 2e6).margin(1));
    }
  }
}

TEST_CASE("the device's queue waits as M/M/1 and M/D/1 do") {
  const int64_t count = 400'000;
  for (const double load : {0.3, 0.5, 0.7}) {
    INFO("load " << load);
    std::mt19937_64 random(static_cast<uint64_t>(load * 100));
    std::exponential_distribution<double> between(load / kMean), service(1 / kMean);
    const auto arrive = [&](int64_t) { return Demand{between(random), 0}; };
    // Pollaczek-Khinchine: rho / (1 - rho) * (1 + cv^2) / 2 service times.
    const double exponential = load / (1 - load) * kMean;
    CheckMean(WaitsOfQueue(MakeRun(count, arrive, [&](int64_t) { return service(random); })), exponential);
    CheckMean(WaitsOfQueue(MakeRun(count, arrive, [](int64_t) { return kMean; })), exponential / 2);
  }
}

TEST_CASE("shared cores complete what the product form says, whatever the distribution of the computing") {
  const int64_t count = 60'000;
  const double think = 4 * kMean;
  const auto constant = [](std::mt19937_64&) { return kMean; };
  const auto exponential = [](std::mt19937_64& r) { return std::exponential_distribution<double>(1 / kMean)(r); };
  const auto hyper = [](std::mt19937_64& r) {  // squared coefficient of variation 5.5
    return std::exponential_distribution<double>(1 / kMean)(r) * (r() % 10 == 0 ? 5.5 : 0.5);
  };
  const std::vector<std::function<double(std::mt19937_64&)>> distributions = {constant, exponential, hyper};
  for (const int workers : {2, 4, 8}) {
    for (const double cores : {1.0, 2.0}) {
      for (size_t d = 0; d < distributions.size(); ++d) {
        INFO("W=" << workers << " C=" << cores << " distribution " << d);
        std::mt19937_64 random(static_cast<uint64_t>(workers * 10 + d));
        std::exponential_distribution<double> thinking(1 / think);
        const Run run = MakeRun(
            count,
            [&](int64_t) {
              return Demand{DemandTape::kShortWaitNs + thinking(random), distributions[d](random)};
            },
            [](int64_t) { return 0.0; });
        // Out of order with one request each, a worker that is done has its next batch at once.
        Scenario scenario = MakeScenario(workers, 1, 1, cores);
        scenario.in_order = false;
        const SimulationResult result = SimulateSharedCores(run.tape, run.batches, scenario);
        std::vector<double> between;
        for (size_t i = 1; i < result.steps.size(); ++i) {
          between.push_back(result.steps[i].got - result.steps[i - 1].got);
        }
        CheckMean(between, 1 / ThroughputOfClosedNetwork(workers, think + DemandTape::kShortWaitNs, kMean, cores));
      }
    }
  }
}

}  // namespace stallpoint
