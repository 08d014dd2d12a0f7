// Cores that are not equally fast: what is seen of them, and what they do to other settings.
#include "replay/fit/uneven_cores.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "catch.h"
#include "replay/fit/cost_model.h"
#include "replay/statistics.h"
#include "tests/replay/fitted.h"
#include "tests/replay/run_builder.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::ReadAndDecode;
using testing::Record;
using testing::Truth;

// Decoding on sixteen cores. In spells of 25 batches a worker has a fast core or a slow one, up to a quarter apart.
Truth OnUnevenCores(uint64_t luck) {
  Truth truth = ReadAndDecode(0.1, 4);
  truth.cores = 16;
  truth.dataset_samples = 100'000;
  truth.slowness = [luck](int32_t worker, int64_t round) {
    const uint64_t spell = static_cast<uint64_t>(round + 9 * worker) / 25;
    return 1 + 0.5 * (Uniform(Hash(luck * 100 + static_cast<uint64_t>(worker), spell)) - 0.5);
  };
  return truth;
}

RunRecord RunOn(const Truth& truth, int64_t batch_size, int32_t workers, int64_t steps, uint64_t luck = 1) {
  return Record(
      truth,
      {.knobs = EmulatedKnobs(batch_size, workers, "emulated:launch=1ms,sample=100us"), .steps = steps, .luck = luck});
}

UnevenCores CoresOf(const RunRecord& run) {
  const auto model = CostModel::Fit({{run}});
  REQUIRE(model.ok());
  return model->uneven_cores;
}

}  // namespace

TEST_CASE("what workers differ by for a while is told from what their samples differ by") {
  const UnevenCores uneven = CoresOf(RunOn(OnUnevenCores(1), 8, 4, 1600));
  CHECK(uneven.spread > 0.11);
  CHECK(uneven.spread < 0.19);
  // Spells of 25 batches of 32 ms.
  CHECK(uneven.lasts_ns > 0.2e9);
  CHECK(uneven.lasts_ns < 1.2e9);

  Truth even = OnUnevenCores(1);
  even.slowness = nullptr;
  even.sample = [](uint64_t, std::mt19937_64& random) {
    std::lognormal_distribution<double> decode(0, 1);
    return std::vector<Demand>{{1e5, 30e3, 1e5}, {0, 3e6 * decode(random)}};
  };
  CHECK(CoresOf(RunOn(even, 8, 4, 1600)).spread < 0.03);
  std::vector<double> of_short_runs;
  for (uint64_t luck = 1; luck <= 20; ++luck) of_short_runs.push_back(CoresOf(RunOn(even, 8, 4, 100, luck)).spread);
  CHECK(Median(of_short_runs) < 0.05);
}

TEST_CASE("one worker, or none, says nothing of how uneven cores are") {
  CHECK(CoresOf(RunOn(OnUnevenCores(1), 8, 1, 200)).spread == 0);
  CHECK(CoresOf(RunOn(OnUnevenCores(1), 8, 0, 200)).spread == 0);
}

TEST_CASE("batches in order come as fast as the slowest worker loads them") {
  const auto predictor = FitTo(RunOn(OnUnevenCores(2), 8, 4, 1600));
  for (const int32_t workers : {2, 6, 8}) {
    std::vector<double> live;
    for (uint64_t luck = 10; luck < 18; ++luck) {
      live.push_back(Summarize(RunOn(OnUnevenCores(luck), 16, workers, 600, luck)).step_ms_mean);
    }
    const double work = 16 * 4.0 / workers;
    INFO(workers << " workers: " << Mean(live) << " ms, if all were as fast " << work);
    CHECK(Mean(live) > 1.04 * work);
    const Prediction p =
        predictor->PredictRun(EmulatedKnobs(16, workers, "emulated:launch=1ms,sample=100us"), {.steps = 600});
    CHECK(p.step_ms == Approx(Mean(live)).epsilon(0.05));
    CHECK(std::count_if(live.begin(), live.end(),
                        [&](double one) { return p.step_ms_low < one && one < p.step_ms_high; }) >= 7);
  }
}

TEST_CASE("told how fast each worker was, a prediction is of that run") {
  const auto predictor = FitTo(RunOn(OnUnevenCores(2), 8, 4, 1600));
  Truth truth = OnUnevenCores(3);
  truth.slowness = [](int32_t worker, int64_t) { return worker == 1 ? 1.4 : 0.9; };
  const RunRecord live = RunOn(truth, 8, 4, 400);
  const RunConditions told = {.steps = 400, .found = predictor->FindingsOf(live)};
  REQUIRE(told.found);
  REQUIRE(told.found->workers.size() == 4);
  CHECK(told.found->workers[1] == Approx(1.4 / 1.025).epsilon(0.03));
  CHECK(predictor->PredictRun(live.knobs, told).step_ms == Approx(Summarize(live).step_ms_mean).epsilon(0.02));
}

TEST_CASE("more workers than cores are not said to differ") {
  const auto model = CostModel::Fit({{RunOn(OnUnevenCores(1), 8, 4, 800)}});
  REQUIRE(model.ok());
  CHECK(model->ScenarioOf(EmulatedKnobs(8, 16)).worker_slowness.size() == 16);
  CHECK(model->ScenarioOf(EmulatedKnobs(8, 17)).worker_slowness.empty());
}

TEST_CASE("workers as slow as expected are usual in their mean, and one standard error moves the slowest") {
  const UnevenCores cores = {.spread = 0.1, .lasts_ns = 1e9};
  // Two workers are as near to alike as that.
  CHECK(cores.SlownessAt(2, 0, 0, -1, 0).empty());
  for (const int32_t workers : {3, 4, 8}) {
    const std::vector<double> usual = cores.Slowness(workers, 0), slow = cores.SlownessAt(workers, 0, 0, 1, 0),
                              fast = cores.SlownessAt(workers, 0, 0, -1, 0);
    REQUIRE(usual.size() == static_cast<size_t>(workers));
    CHECK(Mean(usual) == Approx(1));
    CHECK(usual.back() == Approx(1 + std::sqrt(3.0) * 0.1 * (workers - 1) / (workers + 1)));
    CHECK(slow.back() > usual.back());
    CHECK(fast.back() < usual.back());
    // In its mean over a hundred times as long as it lasts a worker is as fast as another.
    CHECK(cores.SlownessAt(workers, 0, 100e9, 1, 0).back() - usual.back() < 0.2 * (slow.back() - usual.back()));
  }
  CHECK(cores.Slowness(1, 0).empty());
  CHECK(UnevenCores{}.Slowness(4, 0).empty());
}

TEST_CASE("what lasts less than what lies ready is made up for") {
  const UnevenCores cores = {.spread = 0.1, .lasts_ns = 1e9};
  CHECK(cores.Over(0) == Approx(0.1));
  CHECK(cores.Over(1e9) == Approx(0.1 * std::sqrt(2 / std::exp(1.0))));
  CHECK(cores.Over(50e9) == Approx(0.1 * std::sqrt(2 / 50.0)).epsilon(0.02));
  CHECK(cores.Slowness(4, 4e9).back() < cores.Slowness(4, 0.1e9).back());
}

}  // namespace stallpoint
