#include "replay/predict/predictor.h"

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "replay/fit/cost_model.h"
#include "run_builder.h"
#include "traces/memory_blocks.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::ReadAndDecode;
using testing::Record;
using testing::RunSpec;
using testing::Truth;

std::unique_ptr<Predictor> Fit(const std::vector<RunRecord>& runs) {
  auto predictor = Predictor::Fit(runs, {});
  REQUIRE(predictor.ok());
  return *std::move(predictor);
}

double Error(double predicted, double measured) { return std::abs(predicted / measured - 1); }

}  // namespace

TEST_CASE("the recorded setting is predicted as it was measured") {
  for (int32_t workers : {0, 1, 2, 4}) {
    const RunRecord run = Record(ReadAndDecode(5, 2), {.knobs = EmulatedKnobs(8, workers)});
    const Prediction p = Fit({run})->Predict(run.knobs);
    INFO(workers << " workers");
    const RunSummary summary = Summarize(run);
    CHECK(Error(p.step_ms, summary.step_ms_mean) < 0.02);
    CHECK(p.shares.compute == Approx(summary.shares.compute).margin(0.02));
    CHECK(p.shares.data_wait == Approx(summary.shares.data_wait).margin(0.02));
  }
}

TEST_CASE("other workers, batch sizes and prefetch depths are predicted from one run at one worker") {
  const Truth truth = ReadAndDecode(20, 1);
  const auto predictor = Fit({Record(truth, {.knobs = EmulatedKnobs(8, 1)})});
  for (int64_t batch : {4, 8, 16}) {
    for (int32_t workers : {0, 2, 3, 4, 6, 8, 12}) {
      for (int32_t prefetch : {1, 4}) {
        Knobs knobs = EmulatedKnobs(batch, workers);
        knobs.prefetch_depth = prefetch;
        const RunSummary live = Summarize(Record(truth, {.knobs = knobs, .steps = 150, .luck = 2}));
        const Prediction p = predictor->PredictRun(knobs, {.steps = 150});
        INFO("B=" << batch << " W=" << workers << " P=" << prefetch << " predicted " << p.step_ms << " live "
                  << live.step_ms_mean);
        CHECK(Error(p.step_ms, live.step_ms_mean) < 0.04);
        CHECK(std::abs(p.stall_share() - live.shares.stall()) < 0.04);
      }
    }
  }
}

TEST_CASE("a step on the host's own cores contends with the workers") {
  Truth truth = ReadAndDecode(0.05, 3);
  truth.cores = 2;
  truth.migration_delay = 12e6;
  Knobs knobs = EmulatedKnobs(8, 1, "cpu");
  Knobs half = knobs;
  half.batch_size = 4;
  const auto predictor =
      Fit({Record(truth, {.knobs = knobs}),
           Record(truth, {.knobs = half, .steps = 60, .luck = 5, .role = RunRecord::Role::kCalibration})});
  for (int32_t workers : {0, 1, 2, 3, 4}) {
    knobs.worker_count = workers;
    const double live = Summarize(Record(truth, {.knobs = knobs, .luck = 3})).step_ms_mean;
    const Prediction p = predictor->PredictRun(knobs, {.steps = 200});
    INFO(workers << " workers: predicted " << p.step_ms << ", live " << live);
    CHECK(Error(p.step_ms, live) < 0.03);
  }
}

TEST_CASE("what the scheduler loses on crowded cores is learnt from a run that has them crowded") {
  Truth truth = ReadAndDecode(4, 2);
  truth.cores = 2;
  const Knobs recorded = EmulatedKnobs(8, 1, "cpu");
  const auto with_workers = [&](int32_t workers, int64_t batch_size) {
    Knobs knobs = recorded;
    knobs.worker_count = workers;
    knobs.batch_size = batch_size;
    return knobs;
  };
  for (const auto& [lost, delay] : {std::pair{0.0, 6e6}, {0.15, 6e6}, {0.0, 20e6}, {0.15, 20e6}}) {
    truth.crowding = lost;
    truth.migration_delay = delay;
    const auto calibration = [&](const Knobs& knobs, uint64_t luck) {
      return Record(truth, {.knobs = knobs, .steps = 60, .luck = luck, .role = RunRecord::Role::kCalibration});
    };
    const std::vector<RunRecord> runs = {Record(truth, {.knobs = recorded}), calibration(with_workers(2, 8), 5),
                                         calibration(with_workers(3, 8), 6), calibration(with_workers(5, 8), 7),
                                         calibration(with_workers(2, 4), 8)};
    const auto model = CostModel::Fit(runs);
    REQUIRE(model.ok());
    CHECK(model->scheduling.crowding.Loss(2) == Approx(lost).margin(0.12));  // a longer delay explains much of it
    CHECK(model->scheduling.crowding.Error(2) < 0.075);
    CHECK(CostModel::Fit(std::vector<RunRecord>{runs[0]})->scheduling.crowding.Error(2) >
          model->scheduling.crowding.Error(2));
    const auto predictor = Fit(runs);
    for (const int32_t workers : {3, 4, 6}) {
      const Knobs knobs = with_workers(workers, 16);
      double live = 0;
      for (const uint64_t luck : {11, 12, 13}) {
        live += Summarize(Record(truth, {.knobs = knobs, .luck = luck})).step_ms_mean / 3;
      }
      const Prediction p = predictor->PredictRun(knobs, {.steps = 200});
      INFO(workers << " workers, lost " << lost << ", delay " << delay << " taken for "
                   << model->scheduling.migration_delay_ns << ": predicted " << p.step_ms << ", live " << live);
      CHECK(Error(p.step_ms, live) < 0.08);
    }
  }
}

TEST_CASE("a prediction of a short run on crowded cores does not follow the luck of one") {
  Truth truth = ReadAndDecode(4, 3);
  truth.cores = 2;
  truth.migration_delay = 12e6;
  const Knobs knobs = EmulatedKnobs(8, 1, "cpu");
  Knobs crowded = knobs;
  crowded.worker_count = 4;
  const RunRecord main = Record(truth, {.knobs = knobs});
  const RunRecord calibration =
      Record(truth, {.knobs = crowded, .steps = 60, .luck = 5, .role = RunRecord::Role::kCalibration});
  std::vector<double> steps;
  // A microsecond more for main to issue a step is nothing, but another order of who waits for whom.
  for (int64_t more_us = 0; more_us < 6; ++more_us) {
    std::vector<RunRecord> runs = {main, calibration};
    for (RunRecord& run : runs) {
      for (IterationRecord& it : run.iterations) it.launch_end_ns += 1000 * more_us;
    }
    steps.push_back(Fit(runs)->PredictRun(crowded, {.steps = 60}).step_ms);
  }
  const auto [least, most] = std::minmax_element(steps.begin(), steps.end());
  INFO(*least << " to " << *most << " ms");
  CHECK(*most < 1.03 * *least);
}

TEST_CASE("a run that goes on is not promised what a full prefetch gives it in the beginning") {
  Truth truth = ReadAndDecode(0.05, 0.5);
  truth.cores = 2;
  truth.migration_delay = 12e6;
  const auto predictor = Fit({Record(truth, {.knobs = EmulatedKnobs(8, 1, "cpu")})});
  Knobs knobs = EmulatedKnobs(8, 6, "cpu");
  knobs.prefetch_depth = 16;
  const auto step_ms = [&](int64_t steps) {
    return Summarize(Record(truth, {.knobs = knobs, .steps = steps, .luck = 3})).step_ms_mean;
  };
  const double live = step_ms(6000), predicted = predictor->Predict(knobs).step_ms;
  INFO("predicted " << predicted << ", live " << live << ", of 150 steps " << step_ms(150));
  CHECK(Error(predicted, live) < 0.04);
}

TEST_CASE("epochs are predicted with their edges") {
  const Truth truth = ReadAndDecode(10, 1);
  const RunSpec recorded{.knobs = EmulatedKnobs(8, 4), .epochs = 8};
  const RunRecord run = Record(truth, recorded);
  const auto predictor = Fit({run});
  const RunSummary summary = Summarize(run);
  const Prediction self = predictor->Predict(run.knobs);
  REQUIRE(summary.epoch_edge_ms.has_value());
  REQUIRE(self.epoch_edge_ms.has_value());
  CHECK(*self.epoch_edge_ms == Approx(*summary.epoch_edge_ms).epsilon(0.05).margin(1));
  CHECK(Error(self.step_ms, summary.step_ms_mean) < 0.02);
  for (int32_t workers : {1, 8, 12}) {
    RunSpec other = recorded;
    other.knobs.worker_count = workers;
    other.luck = 9;
    const double live = Summarize(Record(truth, other)).step_ms_mean;
    const double predicted = predictor->Predict(other.knobs).step_ms;
    INFO(workers << " workers: predicted " << predicted << ", live " << live);
    CHECK(Error(predicted, live) < 0.04);
  }
}

TEST_CASE("an emulated device that was stated is exact, whatever was recorded") {
  Truth truth = ReadAndDecode(0.1, 0.2);
  truth.cores = 8;
  const auto predictor = Fit({Record(truth, {.knobs = EmulatedKnobs(8, 4, "cpu")})});
  const Prediction p = predictor->Predict(EmulatedKnobs(8, 4, "emulated:launch=5ms,sample=2ms"));
  CHECK(p.step_ms == Approx(21).epsilon(0.001));
  CHECK_FALSE(p.extrapolated);
}

TEST_CASE("an emulated device without times takes those of the recorded one") {
  Truth truth = ReadAndDecode(0.1, 0.2);
  truth.cores = 8;
  const Knobs eight = EmulatedKnobs(8, 4, "cpu");
  Knobs four = eight;
  four.batch_size = 4;
  const auto predictor =
      Fit({Record(truth, {.knobs = eight}), Record(truth, {.knobs = four, .role = RunRecord::Role::kCalibration})});
  CHECK(predictor->WithFittedTimes("cpu") == "cpu");
  CHECK(predictor->WithFittedTimes("emulated:launch=1ms") == "emulated:launch=1ms");
  const Prediction p = predictor->Predict(EmulatedKnobs(8, 4, predictor->WithFittedTimes("emulated")));
  CHECK(p.step_ms == Approx(10).epsilon(0.01));
}

TEST_CASE("one batch size cannot split the step: the interval covers both extremes and says so") {
  Truth truth = ReadAndDecode(0.1, 0.2);
  truth.cores = 8;
  const auto predictor = Fit({Record(truth, {.knobs = EmulatedKnobs(8, 4, "cpu")})});
  Knobs larger = EmulatedKnobs(32, 4, "cpu");
  const Prediction p = predictor->Predict(larger);
  CHECK(p.extrapolated);
  CHECK(p.step_ms_low <= 10.5);
  CHECK(p.step_ms_high >= 39);
  const Prediction same = predictor->Predict(EmulatedKnobs(8, 4, "cpu"));
  CHECK_FALSE(same.extrapolated);
  CHECK(same.step_ms_high < 1.2 * same.step_ms);
}

TEST_CASE("two batch sizes identify what a step costs by itself") {
  Truth truth = ReadAndDecode(0.1, 0.2);
  truth.cores = 8;
  truth.step_noise = 0.05;
  const Knobs eight = EmulatedKnobs(8, 4, "cpu");
  Knobs sixteen = eight;
  sixteen.batch_size = 16;
  const auto predictor =
      Fit({Record(truth, {.knobs = eight}), Record(truth, {.knobs = sixteen, .role = RunRecord::Role::kCalibration})});
  Knobs twelve = eight;
  twelve.batch_size = 12;
  const Prediction p = predictor->Predict(twelve);
  CHECK(p.step_ms == Approx(14).epsilon(0.03));
  CHECK_FALSE(p.extrapolated);
}

TEST_CASE("memory grows with the batches in the queue and decides what fits") {
  const RunRecord run = Record(ReadAndDecode(0.2, 0.1), {.knobs = EmulatedKnobs(8, 2)});
  const auto predictor = Fit({run});
  Knobs deep = EmulatedKnobs(8, 2);
  deep.prefetch_depth = 8;
  const double more = *predictor->Predict(deep).host_memory_bytes - *predictor->Predict(run.knobs).host_memory_bytes;
  CHECK(more == Approx(12.0 * PoolCapacity(8 * 150'528, kBatchCapacitiesPerOctave)));

  const RunRecord starved = Record(ReadAndDecode(10, 1), {.knobs = EmulatedKnobs(8, 2)});
  const auto of_starved = Fit({starved});
  CHECK(*of_starved->Predict(deep).host_memory_bytes <
        *of_starved->Predict(starved.knobs).host_memory_bytes + more / 4);
  CHECK_FALSE(predictor->Predict(run.knobs).p_out_of_memory.has_value());

  Knobs device = EmulatedKnobs(8, 2, "emulated:launch=2ms,sample=1ms,base=1GiB,sample_bytes=100MiB");
  device.device_limit_bytes = uint64_t{8} << 30;
  const Prediction fits = predictor->Predict(device);
  CHECK(*fits.p_out_of_memory == Approx(0));
  CHECK(*fits.device_memory_bytes >= (1 << 30) + 8.0 * (100 << 20));
  device.batch_size = 128;
  const Prediction not_fitting = predictor->Predict(device);
  CHECK(*not_fitting.p_out_of_memory == Approx(1));
  CHECK(not_fitting.bound == Bound::kMemory);
}

TEST_CASE("too little to fit is refused and says what to record") {
  const RunRecord run = Record(ReadAndDecode(5, 1), {.knobs = EmulatedKnobs(8, 2), .steps = 3});
  const auto predictor = Predictor::Fit(std::vector<RunRecord>{run}, {});
  CHECK(predictor.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(predictor.status().message()).find("--steps") != std::string::npos);
  CHECK_FALSE(Predictor::Fit({}, {}).ok());
}

TEST_CASE("recorded dependencies that cannot be are refused and named") {
  const RunRecord good = Record(ReadAndDecode(5, 1), {.knobs = EmulatedKnobs(8, 2), .steps = 60});
  const auto refused = [&](const auto& damage) {
    RunRecord run = good;
    damage(run);
    const auto predictor = Predictor::Fit(std::vector<RunRecord>{run}, {});
    CHECK(predictor.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(predictor.status().message());
  };
  CHECK(refused([](RunRecord& run) {
          run.batches[30].load_begin_ns += 10'000'000'000;
          run.batches[30].load_end_ns += 10'000'000'000;
        }).find("batch 30 was received before its load began") != std::string::npos);
  CHECK(refused([](RunRecord& run) {
          run.batches[30].load_end_ns += 10'000'000'000;
        }).find("batch 30 was received before it was loaded") != std::string::npos);
  CHECK(refused([](RunRecord& run) { run.iterations[7].launch_begin_ns += 10'000'000'000; }).find("step 7") !=
        std::string::npos);
  CHECK(refused([](RunRecord& run) {
          std::swap(run.iterations[9].device_begin_ns, run.iterations[9].device_end_ns);
        }).find("step 9 ends before it begins") != std::string::npos);
  CHECK(refused([](RunRecord& run) { run.batches[3].worker = 1000; }).find("worker 1000") != std::string::npos);
  CHECK(refused([](RunRecord& run) { run.usable_cores = 0; }).find("0 cores") != std::string::npos);
}

TEST_CASE("lost batches, samples and iterations are passed over") {
  RunRecord run = Record(ReadAndDecode(5, 2), {.knobs = EmulatedKnobs(8, 2)});
  const double whole = Fit({run})->Predict(run.knobs).step_ms;
  for (size_t b = 20; b < 40; ++b) run.batches[b] = {};
  for (size_t i = 50; i < 60; ++i) run.iterations[i] = {};
  run.samples.erase(run.samples.begin() + 800, run.samples.begin() + 900);
  run.sample_costs.erase(run.sample_costs.begin() + 1600, run.sample_costs.begin() + 1800);
  CHECK(Error(Fit({run})->Predict(run.knobs).step_ms, whole) < 0.03);
}

TEST_CASE("a run without samples is fitted from the load times of its batches") {
  RunRecord run = Record(ReadAndDecode(5, 2), {.knobs = EmulatedKnobs(8, 2)});
  const double live = Summarize(run).step_ms_mean;
  run.samples.clear();
  run.sample_costs.clear();
  run.sample_stages.clear();
  const Prediction p = Fit({run})->Predict(run.knobs);
  CHECK(Error(p.step_ms, live) < 0.05);
}

TEST_CASE("another seed meets other samples of the same kind") {
  const RunRecord run = Record(ReadAndDecode(10, 2), {.knobs = EmulatedKnobs(8, 2)});
  const auto predictor = Fit({run});
  Knobs other = run.knobs;
  other.seed = 77;
  const double here = predictor->Predict(run.knobs).step_ms, there = predictor->Predict(other).step_ms;
  CHECK(there != here);
  CHECK(Error(there, here) < 0.02);
}

}  // namespace stallpoint
