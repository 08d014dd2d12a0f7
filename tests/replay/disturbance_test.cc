#include <vector>

#include "catch.h"
#include "replay/diagnose/diagnosis.h"
#include "replay/fit/cost_model.h"
#include "replay/predict/predictor.h"
#include "run_builder.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::ReadAndDecode;
using testing::Record;

// Every sample takes `late_ns` longer, in the run queue of its stage, with one worker and everything after it late as
// well.
RunRecord Disturb(RunRecord run, size_t stage, int64_t late_ns) {
  int64_t late = 0;
  for (size_t b = 0; b < run.batches.size(); ++b) {
    BatchRecord& batch = run.batches[b];
    const int64_t more = late_ns * batch.samples;
    batch.load_begin_ns += late;
    late += more;
    batch.load_end_ns += late;
    batch.load.wall_ns += more;
    batch.load.run_queue_ns += more;
    IterationRecord& it = run.iterations[b];
    it.wait_begin_ns += late - more;
    for (int64_t* time :
         {&it.wait_end_ns, &it.receive_begin_ns, &it.receive_end_ns, &it.launch_begin_ns, &it.launch_end_ns,
          &it.sync_begin_ns, &it.sync_end_ns, &it.device_begin_ns, &it.device_end_ns}) {
      *time += late;
    }
  }
  for (size_t i = 0; i < run.samples.size(); ++i) {
    StageCost& cost = run.sample_costs[i * run.sample_stages.size() + stage];
    cost.wall_ns += late_ns;
    cost.run_queue_ns += late_ns;
  }
  run.end_ns += late;
  run.phases.back().end_ns = run.end_ns;
  return run;
}

}  // namespace

TEST_CASE("a run that nothing disturbed has no disturbance") {
  for (int32_t workers : {1, 2, 6}) {
    const auto model =
        CostModel::Fit(std::vector<RunRecord>{Record(ReadAndDecode(3, 2), {.knobs = EmulatedKnobs(8, workers)})});
    REQUIRE(model.ok());
    CHECK(model->disturbance.delay_per_sample_ns < 0.05 * 5e6);
    CHECK(model->disturbance.slow < 1.05);
    CHECK(model->disturbance.device_slow == 1);
  }
}

TEST_CASE("waits for cores that others held are carried over, and the interval reaches to a host without them") {
  const RunRecord quiet = Record(ReadAndDecode(20, 0.5), {.knobs = EmulatedKnobs(8, 1)});
  const RunRecord run = Disturb(quiet, 0, 7'000'000);
  const auto predictor = Predictor::Fit(std::vector<RunRecord>{run}, {});
  REQUIRE(predictor.ok());
  const Prediction p = (*predictor)->Predict(run.knobs);
  CHECK(p.step_ms == Approx(Summarize(run).step_ms_mean).epsilon(0.02));
  CHECK(p.step_ms_low < Summarize(quiet).step_ms_mean * 1.02);
  const Diagnosis d = Diagnose(run, predictor->get(), 0.05);
  CHECK(d.verdict == "data-starved: read");
  CHECK(d.wait == Wait::kIo);
  bool said = false;
  for (const std::string& line : d.causes[0].evidence) said |= line.find("something else was running") != line.npos;
  CHECK(said);
}

TEST_CASE("others whom one of two recorded runs met are half expected, and the interval reaches to each run") {
  const RunRecord quiet = Record(ReadAndDecode(20, 0.5), {.knobs = EmulatedKnobs(8, 1)});
  const RunRecord run = Disturb(quiet, 0, 7'000'000);
  const double low = Summarize(quiet).step_ms_mean, high = Summarize(run).step_ms_mean;
  for (std::vector<RunRecord> runs : {std::vector<RunRecord>{run, quiet}, std::vector<RunRecord>{quiet, run}}) {
    runs.back().role = RunRecord::Role::kCalibration;
    const auto predictor = Predictor::Fit(runs, {});
    REQUIRE(predictor.ok());
    const Prediction p = (*predictor)->Predict(quiet.knobs);
    CHECK(p.step_ms == Approx((low + high) / 2).epsilon(0.02));
    CHECK(p.step_ms_low < low * 1.02);
    CHECK(p.step_ms_high > high * 0.98);
  }
}

TEST_CASE("computing that others slowed does not ask for more workers than cores") {
  const RunRecord run =
      Disturb(Record(ReadAndDecode(0.05, 10), {.knobs = EmulatedKnobs(8, 1, "emulated:launch=5ms"), .steps = 60}), 1,
              40'000'000);
  const auto predictor = Predictor::Fit(std::vector<RunRecord>{run}, {});
  REQUIRE(predictor.ok());
  const Diagnosis d = Diagnose(run, predictor->get(), 0.05);
  CHECK(d.verdict == "data-starved: decode");
  REQUIRE(d.causes[0].fix.has_value());
  CHECK(d.causes[0].fix->to == "2");
}

}  // namespace stallpoint
