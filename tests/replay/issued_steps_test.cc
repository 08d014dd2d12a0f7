// A device with memory of its own, to which main issues steps kernel by kernel.
#include <cmath>

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

// Kernels that take `share` of the step.
void RecordKernels(RunRecord* run, double share) {
  for (IterationRecord& it : run->iterations) {
    it.device_computing_ns = std::llround(share * static_cast<double>(it.device_end_ns - it.device_begin_ns));
  }
}

}  // namespace

TEST_CASE(
    "where kernels were recorded a step is what they take, and its begin does not wait for all of it to be issued") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 2, "cuda:0")});
  const double before = CostModel::Fit(std::vector<RunRecord>{run})->device.StepNs(8);
  RecordKernels(&run, 0.25);
  const auto model = CostModel::Fit(std::vector<RunRecord>{run});
  REQUIRE(model.ok());
  CHECK(model->device.StepNs(8) == Approx(before / 4).epsilon(0.01));
  CHECK(model->ScenarioOf(run.knobs).launch_overlaps);
  CHECK_FALSE(model->ScenarioOf(EmulatedKnobs(8, 2)).launch_overlaps);
}

TEST_CASE("a step that ends while main still issues the last of it says nothing of whether main waits for steps") {
  RunRecord run = Record(ReadAndDecode(0.2, 0.2), {.knobs = EmulatedKnobs(8, 2, "cuda:0")});
  for (IterationRecord& it : run.iterations) it.device_end_ns = it.launch_end_ns - 1000;
  for (IterationRecord& it : run.iterations) it.device_begin_ns = it.launch_begin_ns;
  RecordKernels(&run, 0.5);
  const auto model = CostModel::Fit(std::vector<RunRecord>{run});
  REQUIRE(model.ok());
  CHECK_FALSE(model->syncs_each_step);

  Truth truth = ReadAndDecode(0.2, 0.2);
  truth.syncs_each_step = true;
  const auto of_waiting =
      CostModel::Fit(std::vector<RunRecord>{Record(truth, {.knobs = EmulatedKnobs(8, 2, "cuda:0")})});
  REQUIRE(of_waiting.ok());
  CHECK(of_waiting->syncs_each_step);
}

TEST_CASE("copies of the device's own stream take turns with its steps, and grow with the batch as they were seen to") {
  Truth truth = ReadAndDecode(1, 0.2);
  truth.step_fixed_ns = 1e6;
  truth.step_sample_ns = 0.5e6;
  truth.copy_fixed_ns = 0.4e6;
  truth.copy_sample_ns = 0.2e6;
  truth.launch_ns = 2e6;
  truth.cores = 8;
  // Page-locked, main copies the batch and goes on; otherwise it waits for the device to have copied it.
  const bool pinned = GENERATE(false, true);
  truth.launch_sample_ns = pinned ? 50e3 : 0;
  truth.copies_hold_main = !pinned;
  const auto record = [&](int64_t batch, int32_t workers, RunRecord::Role role = RunRecord::Role::kMain) {
    Knobs knobs = EmulatedKnobs(batch, workers, "cuda:0");
    knobs.pin_host_memory = pinned;
    return Record(truth, {.knobs = knobs, .steps = 150, .luck = 3, .role = role});
  };
  const auto both = FitTo({record(8, 2), record(16, 2, RunRecord::Role::kCalibration)});
  const auto one = FitTo(record(8, 2));
  for (int64_t batch : {4, 8, 32}) {
    for (int32_t workers : {0, 1, 4}) {
      const RunRecord live = record(batch, workers);
      const RunSummary summary = Summarize(live);
      const Prediction p = both->PredictRun(live.knobs, {.steps = 150});
      INFO("B=" << batch << " W=" << workers << (pinned ? ", page-locked" : ""));
      CHECK(p.step_ms == Approx(summary.step_ms_mean).epsilon(0.03));
      CHECK(p.shares.copy == Approx(summary.shares.copy).margin(0.02));
      CHECK(p.shares.compute == Approx(summary.shares.compute).margin(0.02));
      CHECK(p.stall_share() == Approx(summary.shares.stall()).margin(0.03));
      if (batch != 8) continue;
      CHECK(one->PredictRun(live.knobs, {.steps = 150}).step_ms == Approx(summary.step_ms_mean).epsilon(0.03));
    }
  }
}

TEST_CASE("what main issues is told from what holds it: the wait for the copy is no part of a launch") {
  Truth truth = ReadAndDecode(0.5, 0.1);
  truth.step_fixed_ns = 20e6;
  truth.step_sample_ns = 0;
  truth.copy_sample_ns = 1e6;
  truth.launch_ns = 3e6;
  truth.copies_hold_main = true;
  truth.cores = 8;
  const RunRecord run = Record(truth, {.knobs = EmulatedKnobs(8, 4, "cuda:0")});
  const auto model = CostModel::Fit(std::vector<RunRecord>{run});
  REQUIRE(model.ok());
  CHECK(model->ScenarioOf(run.knobs).copies_hold_main);
  for (const MainCost& cost : model->main) {
    REQUIRE(cost.launch_ns == Approx(3e6).epsilon(0.01));
    REQUIRE(cost.staging_ns == 0);
  }

  truth.copies_hold_main = false;
  truth.launch_sample_ns = 0.5e6;
  Knobs pinned = run.knobs;
  pinned.pin_host_memory = true;
  const auto staged = CostModel::Fit(std::vector<RunRecord>{Record(truth, {.knobs = pinned})});
  REQUIRE(staged.ok());
  CHECK_FALSE(staged->ScenarioOf(pinned).copies_hold_main);
  CHECK(staged->LaunchNs(pinned, staged->main.front(), 8) == Approx(7e6).epsilon(0.01));
  CHECK(staged->LaunchNs(pinned, staged->main.front(), 32) == Approx(19e6).epsilon(0.01));
}

TEST_CASE("a run in which main was slow and workers were not is told so") {
  Truth truth = ReadAndDecode(0.5, 0.1);
  truth.step_fixed_ns = 1e6;
  truth.step_sample_ns = 0.1e6;
  truth.copy_sample_ns = 0.01e6;
  truth.launch_ns = 10e6;
  truth.cores = 8;
  const Knobs knobs = EmulatedKnobs(8, 4, "cuda:0");
  RunRecord recorded = Record(truth, {.knobs = knobs});
  RecordKernels(&recorded, 0.5);
  const auto predictor = FitTo(recorded);
  truth.launch_ns = 12e6;
  RunRecord live = Record(truth, {.knobs = knobs, .luck = 2});
  RecordKernels(&live, 0.5);
  const auto found = predictor->FindingsOf(live);
  REQUIRE(found.has_value());
  CHECK(found->launching == Approx(1.2).epsilon(0.01));
  CHECK(found->loading == Approx(1).epsilon(0.02));
  const double blind = predictor->PredictRun(knobs, {.steps = 200}).step_ms;
  const double told = predictor->PredictRun(knobs, {.steps = 200, .found = found}).step_ms;
  CHECK(told - blind == Approx(2).margin(0.1));
}

TEST_CASE("runs of the same setting that differ are no sign that issuing depends on the batch") {
  Truth truth = ReadAndDecode(0.5, 0.1);
  truth.copy_sample_ns = 0.01e6;
  truth.cores = 8;
  const auto record = [&](int64_t batch, double launch_ns, RunRecord::Role role) {
    truth.launch_ns = launch_ns;
    return Record(truth, {.knobs = EmulatedKnobs(batch, 2, "cuda:0"), .steps = 80, .role = role});
  };
  const auto launch_at_64 = [&](double half_batch_ns) {
    const auto model = CostModel::Fit(std::vector<RunRecord>{
        record(16, 10e6, RunRecord::Role::kMain), record(16, 12e6, RunRecord::Role::kCalibration),
        record(16, 11e6, RunRecord::Role::kCalibration), record(8, half_batch_ns, RunRecord::Role::kCalibration)});
    REQUIRE(model.ok());
    return model->LaunchNs(EmulatedKnobs(64, 2, "cuda:0"), model->main.front(), 64);
  };
  CHECK(launch_at_64(10.5e6) == Approx(10.85e6).epsilon(0.03));
  CHECK(launch_at_64(5.5e6) > 30e6);
}

}  // namespace stallpoint
