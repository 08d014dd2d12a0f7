// Storage that serves some reads at a time, recorded at few workers and predicted at others.
#include <cmath>
#include <random>
#include <vector>

#include "catch.h"
#include "fitted.h"
#include "replay/fit/cost_model.h"
#include "run_builder.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::ReadAndDecode;
using testing::Record;
using testing::Truth;

Truth SharedStorage(double streams) {
  Truth truth = ReadAndDecode(5, 0.5);
  truth.cores = 32;
  truth.storage_streams = streams;
  return truth;
}

const std::string kQuickDevice = "emulated:launch=1ms,sample=100us";

// One recorded at one worker, and calibration runs at these.
std::vector<RunRecord> RecordRuns(const Truth& truth, const std::vector<int32_t>& workers) {
  std::vector<RunRecord> runs = {Record(truth, {.knobs = EmulatedKnobs(8, 1, kQuickDevice)})};
  for (const int32_t count : workers) {
    runs.push_back(Record(truth, {.knobs = EmulatedKnobs(8, count, kQuickDevice),
                                  .steps = 100,
                                  .luck = static_cast<uint64_t>(10 + count),
                                  .role = RunRecord::Role::kCalibration}));
  }
  return runs;
}

}  // namespace

TEST_CASE("how many reads storage serves at a time is learnt from runs with more and fewer readers") {
  for (const double streams : {1.0, 2.5, 4.0}) {
    const auto model = CostModel::Fit(RecordRuns(SharedStorage(streams), {2, 8}));
    REQUIRE(model.ok());
    INFO("serves " << streams << ", fitted " << model->storage.streams);
    CHECK(model->storage.streams == Approx(streams).epsilon(0.08));
    CHECK(model->storage.alone == Approx(1).epsilon(0.02));
    CHECK(model->storage.StreamsAt(2) >= 1);
    CHECK(model->storage.StreamsAt(2) < std::max(1.01, model->storage.streams));
    CHECK(model->storage.StreamsAt(-2) > model->storage.streams);
  }
}

TEST_CASE("a run that already shares the storage is told what its reads take alone") {
  const Truth truth = SharedStorage(2);
  std::vector<RunRecord> runs = {Record(truth, {.knobs = EmulatedKnobs(8, 8, kQuickDevice)}),
                                 Record(truth, {.knobs = EmulatedKnobs(8, 1, kQuickDevice),
                                                .steps = 100,
                                                .luck = 5,
                                                .role = RunRecord::Role::kCalibration})};
  const auto model = CostModel::Fit(runs);
  REQUIRE(model.ok());
  CHECK(model->storage.streams == Approx(2).epsilon(0.08));
  CHECK(model->tape.mean().read == Approx(5e6).epsilon(0.03));
}

TEST_CASE("reads that overlap freely show no limit, only how many were seen at a time") {
  const auto model = CostModel::Fit(RecordRuns(SharedStorage(1000), {2, 8}));
  REQUIRE(model.ok());
  CHECK(std::isinf(model->storage.streams));
  CHECK(model->storage.seen >= 7);
  CHECK(model->storage.seen <= 8);
  CHECK(model->storage.StreamsAt(2) > model->storage.seen);
  CHECK(std::isinf(model->storage.StreamsAt(-2)));
  CHECK(model->storage.alone == Approx(1).epsilon(0.005));
}

TEST_CASE("calibration runs that meet samples which wait for long do not make all others wait for longer") {
  Truth truth = SharedStorage(1000);
  truth.dataset_samples = 4096;
  truth.sample = [](uint64_t key, std::mt19937_64&) {
    std::mt19937_64 of_sample(key);
    return std::vector<Demand>{{5e6 * std::lognormal_distribution<double>(-0.72, 1.2)(of_sample), 0}, {0, 0.5e6}};
  };
  std::vector<RunRecord> runs = {Record(truth, {.knobs = EmulatedKnobs(8, 1, kQuickDevice), .steps = 300})};
  double first = 0, all = 0;
  for (size_t i = 0; i < runs[0].samples.size(); ++i) {
    const auto wait = static_cast<double>(runs[0].CostsOfSample(i)[0].wall_ns);
    all += wait / static_cast<double>(runs[0].samples.size());
    if (i < 480) first += wait / 480;
  }
  REQUIRE(std::abs(first / all - 1) > 0.03);
  for (const int32_t workers : {2, 4}) {
    runs.push_back(Record(truth, {.knobs = EmulatedKnobs(8, workers, kQuickDevice),
                                  .steps = 60,
                                  .luck = static_cast<uint64_t>(workers),
                                  .role = RunRecord::Role::kCalibration}));
  }
  const auto model = CostModel::Fit(runs);
  REQUIRE(model.ok());
  CHECK(model->storage.alone == Approx(1).epsilon(0.002));
  CHECK(model->tape.Sum(0, 480).wait == Approx(480 * first).epsilon(0.02));
}

TEST_CASE("reads that were disturbed in the recorded run are taken to wait as in the calibration runs") {
  const Truth usual = SharedStorage(1000);
  Truth disturbed = ReadAndDecode(5.6, 0.5), cold = ReadAndDecode(20, 0.5);
  disturbed.cores = cold.cores = 32;
  std::vector<RunRecord> runs = RecordRuns(usual, {2, 8});
  const double expected = CostModel::Fit(runs)->tape.mean().read;
  runs.front() = Record(disturbed, {.knobs = EmulatedKnobs(8, 1, kQuickDevice)});
  CHECK(CostModel::Fit(runs)->tape.mean().read == Approx(expected).epsilon(0.01));
  // But not when they are another matter, such as a first pass over files that were not cached yet.
  runs.front() = Record(cold, {.knobs = EmulatedKnobs(8, 1, kQuickDevice)});
  CHECK(CostModel::Fit(runs)->tape.mean().read == Approx(20e6).epsilon(0.02));
}

TEST_CASE("settings with other workers are predicted on storage that they have to share") {
  const Truth truth = SharedStorage(3);
  const auto predictor = FitTo(RecordRuns(truth, {2, 8}));
  for (const int32_t workers : {2, 3, 4, 6, 12, 16}) {
    for (const int64_t batch : {4, 16}) {
      const Knobs knobs = EmulatedKnobs(batch, workers, kQuickDevice);
      const double live = Summarize(Record(truth, {.knobs = knobs, .steps = 150, .luck = 3})).step_ms_mean;
      const Prediction p = predictor->PredictRun(knobs, {.steps = 150});
      INFO("B=" << batch << " W=" << workers << ": predicted " << p.step_ms << " (" << p.step_ms_low << " to "
                << p.step_ms_high << "), live " << live);
      CHECK(p.step_ms == Approx(live).epsilon(0.05));
      CHECK(p.step_ms_low <= live);
      CHECK(p.step_ms_high >= live);
    }
  }
}

TEST_CASE("no setting of a search is thought faster than its storage") {
  const auto predictor = FitTo(RecordRuns(SharedStorage(3), {2, 8}));
  for (const int32_t workers : {2, 4, 16}) {
    const Knobs knobs = EmulatedKnobs(8, workers, kQuickDevice);
    CHECK(predictor->Estimate(knobs).step_ms * 1e6 >=
          0.98 * predictor->FloorOf(knobs).StepNs(workers, knobs.steps_in_flight));
  }
}

TEST_CASE("from one run alone the interval of more workers reaches to storage that serves hardly more reads") {
  const auto alone = FitTo(RecordRuns(SharedStorage(1000), {}).front());
  const auto calibrated = FitTo(RecordRuns(SharedStorage(1000), {2, 8}));
  const Knobs eight = EmulatedKnobs(8, 8, kQuickDevice), one = EmulatedKnobs(4, 1, kQuickDevice);
  const auto width = [](const Prediction& p) { return (p.step_ms_high - p.step_ms) / p.step_ms; };
  CHECK(width(alone->Predict(eight)) > 1);
  CHECK(width(calibrated->Predict(eight)) < 0.2);
  CHECK(width(alone->Predict(one)) < 0.2);
}

TEST_CASE("reads from memory neither show a limit nor widen an interval") {
  Truth truth = ReadAndDecode(0.005, 2);
  truth.cores = 32;
  const auto model = CostModel::Fit(std::vector<RunRecord>{Record(truth, {.knobs = EmulatedKnobs(8, 1)})});
  REQUIRE(model.ok());
  CHECK(std::isinf(model->storage.StreamsAt(3)));
}

}  // namespace stallpoint
