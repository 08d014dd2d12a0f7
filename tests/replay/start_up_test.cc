// What a run takes once: setting up, the first step, the end.
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

constexpr auto kCalibration = RunRecord::Role::kCalibration;

// Few enough for no steady window.
constexpr int64_t kFew = 15;

// A network on the host whose first step takes as long as twenty others.
Truth SlowFirstStep() {
  Truth truth = ReadAndDecode(1, 0.2);
  truth.cores = 4;
  truth.step_fixed_ns = 2e6;
  truth.step_sample_ns = 0.25e6;
  truth.first_step_ns = 80e6;
  return truth;
}

Knobs OnHost(int64_t batch, int32_t workers) {
  Knobs knobs = EmulatedKnobs(batch, workers, "cpu");
  knobs.intra_op_threads = 1;
  return knobs;
}

}  // namespace

TEST_CASE("a run that is too short for a steady window is predicted with its first step, which sets the device up") {
  const Truth truth = SlowFirstStep();
  const auto predictor = FitTo(Record(truth, {.knobs = OnHost(8, 1), .steps = 100}));
  for (const int32_t workers : {0, 1, 2}) {
    INFO(workers << " workers");
    const RunRecord live = Record(truth, {.knobs = OnHost(8, workers), .steps = kFew, .luck = 5});
    const RunSummary summary = Summarize(live);
    REQUIRE_FALSE(summary.window.steady);
    CHECK(predictor->PredictRun(live.knobs, {.steps = kFew, .found = {}}).step_ms ==
          Approx(summary.step_ms_mean).epsilon(0.03));
  }
}

TEST_CASE("main issues the first step of a CUDA device for long, and its kernels take no longer") {
  Truth truth = ReadAndDecode(1, 0.2);
  truth.cores = 8;
  truth.launch_ns = 3e6;
  truth.first_launch_ns = 400e6;
  const auto record = [&](int64_t steps) {
    RunRecord run = Record(truth, {.knobs = EmulatedKnobs(8, 2, "cuda:0"), .steps = steps});
    const bool kernels = GENERATE(false, true);
    for (IterationRecord& it : run.iterations) {
      if (kernels) it.device_computing_ns = it.device_end_ns - it.device_begin_ns;
    }
    return run;
  };
  const auto predictor = FitTo(record(100));
  const RunRecord live = record(kFew);
  CHECK(predictor->PredictRun(live.knobs, {.steps = kFew, .found = {}}).step_ms ==
        Approx(Summarize(live).step_ms_mean).epsilon(0.03));
}

TEST_CASE("a device whose times reach from the issue of a step to its end is set up once, and not twice") {
  Truth truth = ReadAndDecode(1, 0.2);
  truth.cores = 8;
  truth.first_launch_ns = truth.first_step_ns = 400e6;
  const auto model =
      CostModel::Fit(std::vector<RunRecord>{Record(truth, {.knobs = EmulatedKnobs(8, 2, "cuda:0"), .steps = 100})});
  REQUIRE(model.ok());
  CHECK(model->start_up.first_launch.ns == Approx(400e6).epsilon(0.01));
  CHECK(model->start_up.first_step.ns == Approx(0).margin(1e6));
}

TEST_CASE("a steady state knows nothing of the first step, and another device has none like it") {
  Truth truth = SlowFirstStep();
  const auto slow = FitTo(Record(truth, {.knobs = OnHost(8, 1), .steps = 100}));
  truth.first_step_ns = 0;
  const auto usual = FitTo(Record(truth, {.knobs = OnHost(8, 1), .steps = 100}));
  CHECK(slow->Predict(OnHost(8, 2)).step_ms == Approx(usual->Predict(OnHost(8, 2)).step_ms).epsilon(0.002));
  CHECK_FALSE(slow->Predict(OnHost(8, 2)).wall);
  const RunConditions few = {.steps = kFew, .found = {}};
  CHECK(slow->PredictRun(EmulatedKnobs(8, 2), few).step_ms ==
        Approx(usual->PredictRun(EmulatedKnobs(8, 2), few).step_ms).epsilon(0.002));
}

TEST_CASE("how long a run takes is predicted from its beginning to its end, by steps and by epochs") {
  const Truth truth = SlowFirstStep();
  const bool epochs = GENERATE(false, true);
  const auto record = [&](const Knobs& knobs, int64_t length) {
    return epochs ? Record(truth, {.knobs = knobs, .epochs = length / 10, .luck = 7})
                  : Record(truth, {.knobs = knobs, .steps = length, .luck = 7});
  };
  const auto predictor = FitTo(record(OnHost(8, 1), 100));
  // The longest are not simulated to their end.
  for (const int64_t length : {10, 60, 6000}) {
    INFO(length << (epochs ? " / 10 epochs" : " steps"));
    const RunRecord live = record(OnHost(8, 2), length);
    const RunConditions conditions = {
        .steps = epochs ? 0 : length, .epochs = epochs ? length / 10 : 0, .found = std::nullopt};
    const Prediction p = predictor->PredictRun(live.knobs, conditions);
    REQUIRE(p.wall);
    CHECK(p.wall->s == Approx(Summarize(live).wall_s).epsilon(0.03));
    CHECK(p.wall->s_low < p.wall->s);
    CHECK(p.wall->s_high > p.wall->s);
  }
}

TEST_CASE("runs whose first steps differ leave a short run less sure than a long one") {
  Truth truth = SlowFirstStep();
  const RunRecord main = Record(truth, {.knobs = OnHost(8, 1), .steps = 100});
  const auto with = [&](double first_step_ns) {
    truth.first_step_ns = first_step_ns;
    return FitTo({main, Record(truth, {.knobs = OnHost(8, 2), .steps = 100, .luck = 2, .role = kCalibration})});
  };
  const auto alike = with(80e6), apart = with(240e6);
  const auto width = [](const Predictor& predictor, int64_t steps) {
    const Prediction p = predictor.PredictRun(OnHost(8, 2), {.steps = steps, .found = {}});
    return p.step_ms_high - p.step_ms_low;
  };
  CHECK(width(*apart, kFew) > 1.5 * width(*alike, kFew));
  CHECK(width(*apart, 200) == Approx(width(*alike, 200)).epsilon(0.05));
}

}  // namespace stallpoint
