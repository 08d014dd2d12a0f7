// Data sets that memory holds or does not hold: what a limit leaves for the page cache, and what reads cost then.
#include "replay/fit/page_cache.h"

#include <algorithm>
#include <list>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "catch.h"
#include "fitted.h"
#include "replay/diagnose/diagnosis.h"
#include "replay/fit/cold_tapes.h"
#include "replay/fit/cost_model.h"
#include "replay/search/advice.h"
#include "run_builder.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::Record;
using testing::Truth;

const std::string kDevice = "emulated:launch=1ms,sample=100us";
constexpr int64_t kSamples = 20'000;
constexpr double kDataBytes = kSamples * (20'480 * 1.0025 + 1536);
constexpr double kHostBytes = 400e6;  // and little more

// Reads of which a part waits for storage, and costs more to compute.
Truth PartlyCold(double cold_share) {
  Truth truth;
  truth.cores = 32;
  truth.dataset_samples = kSamples;
  truth.counts_storage = true;
  truth.sample = [=](uint64_t, std::mt19937_64& random) {
    const bool cold = std::uniform_real_distribution<double>()(random) < cold_share;
    const double wait = cold ? 4e6 : 0;
    return std::vector<Demand>{{wait, cold ? 80e3 : 30e3, wait}, {0, 500e3}};
  };
  return truth;
}

RunRecord RecordPartlyCold(double cold_share, const Knobs& knobs, RunRecord::Role role = RunRecord::Role::kMain) {
  return Record(PartlyCold(cold_share), {.knobs = knobs, .steps = 250, .luck = 3, .role = role});
}

Knobs WithLimit(Knobs knobs, double bytes) {
  knobs.host_limit_bytes = static_cast<uint64_t>(bytes);
  return knobs;
}

// Hits of passes in which the least recently used goes first.
double PlayOut(double cached, std::mt19937_64& random) {
  constexpr int kFiles = 4000, kPasses = 6;
  std::vector<int> order(kFiles);
  std::iota(order.begin(), order.end(), 0);
  std::list<int> recent;
  std::unordered_map<int, std::list<int>::iterator> where;
  int hits = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::shuffle(order.begin(), order.end(), random);
    for (const int file : order) {
      if (const auto found = where.find(file); found != where.end()) {
        hits += pass > 0;
        recent.erase(found->second);
      }
      recent.push_front(file);
      where[file] = recent.begin();
      if (static_cast<double>(recent.size()) > cached * kFiles) {
        where.erase(recent.back());
        recent.pop_back();
      }
    }
  }
  return static_cast<double>(hits) / (kFiles * (kPasses - 1));
}

}  // namespace

TEST_CASE("the fewest hits of shuffled passes are those of a cache whose least recently used goes first") {
  std::mt19937_64 random(5);
  for (const double cached : {0.1, 0.3, 0.5, 0.8, 0.95}) {
    INFO("cached " << cached);
    CHECK(HitsOfShuffledPasses(cached).least == Approx(PlayOut(cached, random)).margin(0.01));
  }
}

TEST_CASE("a larger cache never has fewer hits, and one of the size of the data has them all") {
  CHECK(HitsOfShuffledPasses(0).most == 0);
  CHECK(HitsOfShuffledPasses(1).least == 1);
  CHECK(HitsOfShuffledPasses(3).least == 1);
  HitShare before = HitsOfShuffledPasses(0);
  for (double cached = 0.05; cached < 1.1; cached += 0.05) {
    const HitShare hits = HitsOfShuffledPasses(cached);
    CHECK(hits.least <= hits.usual);
    CHECK(hits.usual <= hits.most);
    CHECK(hits.most <= std::min(1.0, cached));
    CHECK(hits.least >= before.least);
    CHECK(hits.usual >= before.usual);
    CHECK(hits.most >= before.most);
    CHECK(hits.At(2) <= hits.At(1));
    CHECK(hits.At(0) == hits.usual);
    before = hits;
  }
}

TEST_CASE("tapes of more cold samples hold the cold ones of fewer, and as many as were asked for") {
  ColdTapes::Samples samples;
  for (uint32_t row = 0; row < 1000; ++row) {
    const bool cold = row % 4 == 0;
    samples.cold.push_back(cold);
    samples.rows.push_back({{cold ? 2e6 : 0.0, 10e3, cold ? 2e6 : 0.0}, {0, 1e6}});
    samples.order.push_back(row);
  }
  samples.pool = samples.order;
  samples.reads = {true, false};
  samples.like_cold = {{{3e6, 20e3, 3e6}, {0, 9e6}}};
  samples.like_warm = {{{0, 5e3}, {0, 9e6}}};
  samples.cold_slow = 1.25;
  const ColdTapes tapes(samples);
  const auto is_cold = [](const DemandTape& tape, int64_t place) { return tape.Sum(place, 1).read > 0; };
  const auto cold_of = [&](double share) {
    int64_t cold = 0;
    for (int64_t place = 0; place < 1000; ++place) cold += is_cold(tapes.With(share), place);
    return static_cast<double>(cold) / 1000;
  };
  for (const double share : {0.0, 0.125, 0.5, 0.75, 1.0}) CHECK(cold_of(share) == Approx(share).margin(0.001));
  for (int64_t place = 0; place < 1000; ++place) {
    if (is_cold(tapes.With(0.25), place)) CHECK(is_cold(tapes.With(0.5), place));
  }
  // What else a sample computes stays its own, but for what waiting adds to it.
  CHECK(tapes.With(0).Sum(0, 1).cpu == Approx(5e3 + 1e6 / 1.25));
  CHECK(tapes.With(1).Sum(1, 1).cpu == Approx(20e3 + 1e6 * 1.25));
  CHECK(&tapes.With(0.5) == &tapes.With(0.5));
}

TEST_CASE("from a cold recording, runs under limits are predicted with the reads that memory then saves") {
  const Knobs knobs = EmulatedKnobs(8, 1, kDevice);
  const auto predictor = FitTo(
      std::vector<RunRecord>{RecordPartlyCold(1, knobs), RecordPartlyCold(0, knobs, RunRecord::Role::kCalibration)});
  CHECK(predictor->DataBytes() == Approx(kDataBytes));
  CHECK(*predictor->Predict(knobs).storage_share == Approx(1));
  for (const double part : {0.0, 0.3, 0.6, 0.9, 1.1}) {
    const Prediction p = predictor->Predict(WithLimit(knobs, kHostBytes + 25e6 + part * kDataBytes));
    const RunRecord live = RecordPartlyCold(*p.storage_share, knobs);
    INFO("room for " << part << " of the data: " << *p.storage_share << " from storage");
    CHECK(*p.storage_share == Approx(1 - HitsOfShuffledPasses(part).usual).margin(0.06));
    CHECK(p.step_ms == Approx(Summarize(live).step_ms_mean).epsilon(0.03));
    CHECK(p.step_ms_low < p.step_ms);
    CHECK(p.step_ms_high > p.step_ms);
  }
}

TEST_CASE("from a recording half cold, colder and warmer runs are predicted") {
  const Knobs knobs = EmulatedKnobs(8, 2, kDevice);
  const auto predictor = FitTo(std::vector<RunRecord>{RecordPartlyCold(0.5, knobs)});
  const double warm = Summarize(RecordPartlyCold(0, knobs)).step_ms_mean;
  const double cold = Summarize(RecordPartlyCold(1, knobs)).step_ms_mean;
  CHECK(predictor->Predict(WithLimit(knobs, kHostBytes + 2 * kDataBytes)).step_ms == Approx(warm).epsilon(0.03));
  CHECK(predictor->Predict(WithLimit(knobs, kHostBytes + 25e6)).step_ms == Approx(cold).epsilon(0.03));
  CHECK(predictor->PredictWithout(knobs, Predictor::Without::kStorageReads).step_ms == Approx(warm).epsilon(0.03));
}

TEST_CASE("without a limit, and under the recorded one, reads come from storage as often as they did") {
  Knobs knobs = WithLimit(EmulatedKnobs(8, 2, kDevice), kHostBytes + 0.5 * kDataBytes);
  const auto predictor = FitTo(std::vector<RunRecord>{RecordPartlyCold(0.3, knobs)});
  CHECK(*predictor->Predict(knobs).storage_share == Approx(0.3).margin(0.04));
  // Workers that take memory leave less for the data.
  Knobs more = knobs;
  more.worker_count = 8;
  CHECK(*predictor->Predict(more).storage_share > *predictor->Predict(knobs).storage_share + 0.05);

  knobs.host_limit_bytes = 0;
  const auto unlimited = FitTo(std::vector<RunRecord>{RecordPartlyCold(0.3, knobs)});
  CHECK(*unlimited->Predict(knobs).storage_share == Approx(0.3).margin(0.04));
  knobs.worker_count = 8;
  CHECK(*unlimited->Predict(knobs).storage_share == Approx(0.3).margin(0.04));
}

TEST_CASE("a limit that the data does not fit is called extrapolated when no read from storage was recorded") {
  const Knobs knobs = EmulatedKnobs(8, 2, kDevice);
  RunRecord warm = RecordPartlyCold(0, knobs);
  warm.data_dir = "/data";
  const auto predictor = FitTo(warm);
  CHECK(predictor->Predict(WithLimit(knobs, kHostBytes + 0.5 * kDataBytes)).extrapolated);
  CHECK_FALSE(predictor->Predict(WithLimit(knobs, kHostBytes + 2 * kDataBytes)).extrapolated);
  CHECK_FALSE(predictor->Predict(knobs).extrapolated);
  CHECK_FALSE(predictor->Predict(knobs).storage_share);
}

TEST_CASE("a warm calibration run tells what the page cache's reads cost and leaves the recorded ones as they are") {
  const Knobs knobs = EmulatedKnobs(8, 1, kDevice);
  const RunRecord cold = RecordPartlyCold(1, knobs);
  const RunRecord warm = RecordPartlyCold(0, knobs, RunRecord::Role::kCalibration);
  const auto alone = CostModel::Fit(std::vector<RunRecord>{cold});
  const auto both = CostModel::Fit(std::vector<RunRecord>{cold, warm});
  REQUIRE(both.ok());
  CHECK(alone->cold_tapes->With(0).mean().cpu == Approx(580e3).epsilon(0.01));  // reads compute as from storage
  CHECK(both->cold_tapes->With(0).mean().cpu == Approx(530e3).epsilon(0.01));
  CHECK(both->tape.mean().cpu == Approx(alone->tape.mean().cpu).epsilon(0.01));
  CHECK(both->tape.mean().read == Approx(alone->tape.mean().read).epsilon(0.01));
}

TEST_CASE("a search over memory recommends the least that is as fast") {
  const auto predictor = FitTo(std::vector<RunRecord>{RecordPartlyCold(1, EmulatedKnobs(8, 1, kDevice))});
  SweepRanges ranges;
  ranges.worker_count = {1};
  for (const double part : {0.2, 0.6, 1.1, 2.0, 3.0}) {
    ranges.host_limit_bytes.push_back(static_cast<uint64_t>(kHostBytes + 25e6 + part * kDataBytes));
  }
  const Advice advice = Advise(*predictor, ranges, {}, {});
  REQUIRE(advice.same_batch);
  CHECK(advice.same_batch->chosen.knobs.host_limit_bytes == ranges.host_limit_bytes[2]);
  const SweepResult sweep = Sweep(*predictor, ranges, nullptr);
  REQUIRE(sweep.recommended);
  CHECK(sweep.recommended->knobs.host_limit_bytes == ranges.host_limit_bytes[2]);
}

TEST_CASE(
    "the verdict on reads from storage says what memory would do, and asks for more where a limit is in the way") {
  Knobs knobs = WithLimit(EmulatedKnobs(8, 8, kDevice), kHostBytes + 100e6 + 0.4 * kDataBytes);
  Truth truth = PartlyCold(0.8);
  truth.storage_streams = 1;
  const RunRecord run = Record(truth, {.knobs = knobs, .steps = 250});
  const auto predictor = FitTo({run, Record(truth, {.knobs = EmulatedKnobs(8, 1, kDevice),
                                                    .steps = 100,
                                                    .luck = 4,
                                                    .role = RunRecord::Role::kCalibration})});
  const Diagnosis diagnosis = Diagnose(run, predictor.get(), 0.05);
  REQUIRE_FALSE(diagnosis.causes.empty());
  const Cause& cause = diagnosis.causes.front();
  CHECK(cause.id == "slow-input");
  CHECK(cause.evidence[2].find(" % of the samples came from storage") != std::string::npos);
  CHECK(cause.advice.find("more than the") != std::string::npos);
  REQUIRE(cause.fix);
  CHECK(cause.fix->knob == "host_limit_bytes");
  CHECK(std::stod(cause.fix->to) > kHostBytes + kDataBytes);
  CHECK(cause.fix->expected_step_ms < 0.5 * Summarize(run).step_ms_mean);
  CHECK(diagnosis.lines[2].find("fix: --host-memory ") == 0);
}

TEST_CASE("a first pass over data that memory holds is called one, and no memory is asked for") {
  const Knobs knobs = EmulatedKnobs(8, 2, kDevice);
  RunRecord run = RecordPartlyCold(1, knobs);
  run.machine_memory_bytes = 16'000'000'000;
  const auto predictor = FitTo(run);
  const Diagnosis diagnosis = Diagnose(run, predictor.get(), 0.05);
  REQUIRE_FALSE(diagnosis.causes.empty());
  CHECK(diagnosis.causes.front().advice.find("This was a first pass") != std::string::npos);
  CHECK((!diagnosis.causes.front().fix || diagnosis.causes.front().fix->knob != "host_limit_bytes"));
}

TEST_CASE(
    "a run that was cold by chance is told from one that was asked to be, and from one whose data no memory holds") {
  RunRecord run = RecordPartlyCold(1, EmulatedKnobs(8, 2, kDevice));
  CHECK_FALSE(FitTo(run)->ColdForOnce());  // nothing is known of the machine
  run.machine_memory_bytes = 16'000'000'000;
  CHECK(FitTo(run)->ColdForOnce());
  run.cold_data = true;
  CHECK_FALSE(FitTo(run)->ColdForOnce());
  run.cold_data = false;
  run.machine_memory_bytes = static_cast<uint64_t>(kHostBytes + 0.5 * kDataBytes);
  CHECK_FALSE(FitTo(run)->ColdForOnce());
  RunRecord warm = RecordPartlyCold(0, EmulatedKnobs(8, 2, kDevice));
  warm.machine_memory_bytes = 16'000'000'000;
  CHECK_FALSE(FitTo(warm)->ColdForOnce());
}

TEST_CASE("how many reads storage serves is learnt from those that reach it, whatever the page cache answers besides") {
  Truth half = PartlyCold(0.5), all = PartlyCold(1);
  half.storage_streams = all.storage_streams = 2;
  std::vector<RunRecord> runs = {Record(half, {.knobs = EmulatedKnobs(8, 1, kDevice), .steps = 250})};
  for (const int32_t workers : {2, 12}) {
    runs.push_back(Record(workers == 2 ? half : all, {.knobs = EmulatedKnobs(8, workers, kDevice),
                                                      .steps = 150,
                                                      .luck = static_cast<uint64_t>(workers),
                                                      .role = RunRecord::Role::kCalibration}));
  }
  const auto model = CostModel::Fit(runs);
  REQUIRE(model.ok());
  CHECK(model->storage.streams == Approx(2).epsilon(0.1));
}

// Every sample comes from storage the first time that it is read.
Truth BeginsCold(int64_t dataset_samples) {
  Truth truth = PartlyCold(1);
  truth.dataset_samples = dataset_samples;
  truth.sample = [seen = std::set<uint64_t>()](uint64_t key, std::mt19937_64&) mutable {
    const bool first = seen.insert(key).second;
    return std::vector<Demand>{{first ? 4e6 : 0, first ? 80e3 : 30e3, first ? 4e6 : 0}, {0, 500e3}};
  };
  return truth;
}

TEST_CASE("what only the start of a record read from storage is no cost of later runs, but it is known what it was") {
  const Knobs knobs = EmulatedKnobs(8, 1, kDevice);
  const RunRecord recorded = Record(BeginsCold(80), {.knobs = knobs, .steps = 400});
  const auto model = CostModel::Fit(std::vector<RunRecord>{recorded});
  REQUIRE(model.ok());
  CHECK(model->page_cache.cold_seen);
  CHECK(model->page_cache.cold_share == 0);
  CHECK(model->stages[0].cold.wait == Approx(4e6).epsilon(0.1));
  const auto predictor = FitTo(recorded);
  for (const int64_t batch : {4, 16}) {
    Knobs other = knobs;
    other.batch_size = batch;
    const RunRecord warm = Record(PartlyCold(0), {.knobs = other, .steps = 60, .luck = 5});
    CHECK(predictor->PredictRun(other, {.steps = 60}).step_ms == Approx(Summarize(warm).step_ms_mean).epsilon(0.03));
  }
  // Told how much of a run came from storage, it counts that.
  const RunRecord again = Record(BeginsCold(80), {.knobs = knobs, .steps = 100});
  const auto found = predictor->FindingsOf(again);
  REQUIRE(found);
  CHECK(*found->storage_share == Approx(0.1).margin(0.01));
}

TEST_CASE("a first pass from storage that lasts for half of the record is no cost of later runs either") {
  const Knobs knobs = EmulatedKnobs(8, 1, kDevice);
  const RunRecord recorded = Record(BeginsCold(800), {.knobs = knobs, .steps = 200});
  const auto predictor = FitTo(recorded);
  const RunRecord warm = Record(PartlyCold(0), {.knobs = knobs, .steps = 60, .luck = 5});
  CHECK(predictor->Predict(knobs).storage_share == 0);
  CHECK(predictor->Predict(knobs).step_ms == Approx(Summarize(warm).step_ms_mean).epsilon(0.03));
  CHECK(predictor->PredictRun(knobs, {.steps = 60}).step_ms == Approx(Summarize(warm).step_ms_mean).epsilon(0.03));
  // What is never read again may be as far away the next time, and so may what the cache did not keep.
  const RunRecord one_pass = Record(BeginsCold(1600), {.knobs = knobs, .steps = 200});
  CHECK(FitTo(one_pass)->PredictRun(knobs, {.steps = 200}).step_ms ==
        Approx(Summarize(one_pass).step_ms_mean).epsilon(0.03));
  Truth kept_none = PartlyCold(1);
  kept_none.dataset_samples = 800;
  const RunRecord cold = Record(kept_none, {.knobs = knobs, .steps = 200});
  CHECK(FitTo(cold)->PredictRun(knobs, {.steps = 200}).step_ms == Approx(Summarize(cold).step_ms_mean).epsilon(0.03));
}

TEST_CASE("a run that begins cold is predicted with its first pass from storage and the later ones from memory") {
  const auto begins_cold = [] { return BeginsCold(400); };
  const Knobs knobs = EmulatedKnobs(8, 1, kDevice);
  RunRecord recorded = Record(begins_cold(), {.knobs = knobs, .steps = 48});  // nearly one pass
  recorded.machine_memory_bytes = 16'000'000'000;
  RunRecord warm = RecordPartlyCold(0, knobs, RunRecord::Role::kCalibration);
  const auto predictor = FitTo({recorded, warm});
  for (const int64_t steps : {40, 100, 250}) {
    const RunRecord live = Record(begins_cold(), {.knobs = knobs, .steps = steps});
    const Prediction p = predictor->PredictRun(knobs, {.steps = steps, .cold_start = true});
    INFO(steps << " steps");
    CHECK(p.step_ms == Approx(Summarize(live).step_ms_mean).epsilon(0.03));
    CHECK(*p.storage_share == Approx(std::min(1.0, 50.0 / static_cast<double>(steps))).margin(0.02));
  }
  const double cold = Summarize(recorded).step_ms_mean, settled = Summarize(warm).step_ms_mean;
  CHECK(predictor->PredictRun(knobs, {.steps = 6000, .cold_start = true}).step_ms ==
        Approx((50 * cold + 5950 * settled) / 6000).epsilon(0.03));
  // Told what came from storage, it needs not know how the run began.
  const RunRecord live = Record(begins_cold(), {.knobs = knobs, .steps = 250});
  const auto found = predictor->FindingsOf(live);
  REQUIRE(found);
  CHECK(predictor->PredictRun(knobs, {.steps = 250, .found = found}).step_ms ==
        Approx(Summarize(live).step_ms_mean).epsilon(0.03));
}

TEST_CASE("a record whose samples were all lost says nothing of the page cache and is predicted from its batches") {
  const Knobs knobs = EmulatedKnobs(8, 2, kDevice);
  RunRecord run = RecordPartlyCold(1, knobs);
  const double measured = Summarize(run).step_ms_mean;
  run.samples.clear();
  run.sample_costs.clear();
  const auto predictor = FitTo(run);
  CHECK_FALSE(predictor->Predict(knobs).storage_share);
  CHECK(predictor->Predict(knobs).step_ms == Approx(measured).epsilon(0.05));
}

}  // namespace stallpoint
