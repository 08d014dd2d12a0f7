// How wide intervals are, and what makes them so.
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "catch.h"
#include "replay/search/decision.h"
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

double WidthOf(const Prediction& p) { return (p.step_ms_high - p.step_ms_low) / p.step_ms; }

// Decoding with a heavy tail, which is the sample's own, or of the moment.
Truth HeavyTailed(bool own) {
  Truth truth = ReadAndDecode(1, 1);
  truth.cores = 8;
  truth.dataset_samples = 100'000;
  truth.sample = [own](uint64_t key, std::mt19937_64& random) {
    std::mt19937_64 of_key(key);
    std::lognormal_distribution<double> decode(0, 1.2);
    return std::vector<Demand>{{1e6, 50e3}, {0, 1e6 * decode(own ? of_key : random)}};
  };
  return truth;
}

std::unique_ptr<Predictor> Calibrated(const Truth& truth) {
  std::vector<RunRecord> runs;
  for (const int32_t workers : {1, 2, 4}) {
    runs.push_back(Record(truth, {.knobs = EmulatedKnobs(8, workers),
                                  .steps = 80,
                                  .luck = static_cast<uint64_t>(workers),
                                  .role = runs.empty() ? RunRecord::Role::kMain : RunRecord::Role::kCalibration}));
  }
  return FitTo(runs);
}

// A main run of so many steps and calibration runs of 40, by these workers in turn.
std::vector<RunRecord> RecordInTurn(const Truth& truth, const std::vector<int32_t>& workers, int64_t main_steps,
                                    uint64_t luck) {
  std::vector<RunRecord> runs;
  for (const int32_t count : workers) {
    runs.push_back(Record(truth, {.knobs = EmulatedKnobs(8, count),
                                  .steps = runs.empty() ? main_steps : 40,
                                  .luck = luck + runs.size(),
                                  .role = runs.empty() ? RunRecord::Role::kMain : RunRecord::Role::kCalibration}));
  }
  return runs;
}

double WidthOfRun(const Predictor& predictor, uint64_t seed) {
  Knobs knobs = EmulatedKnobs(8, 1);
  knobs.seed = seed;
  return WidthOf(predictor.PredictRun(knobs, {.steps = 60}));
}

}  // namespace

TEST_CASE("intervals hold the live run about as often as they say") {
  int inside = 0, stalls_inside = 0, all = 0;
  for (uint64_t luck = 1; luck <= 12; ++luck) {
    Truth truth = ReadAndDecode(4, luck % 2 == 0 ? 4 : 1);
    truth.cpu_speed_noise = 0.06;
    const auto predictor = FitTo(Record(truth, {.knobs = EmulatedKnobs(8, 2), .steps = 100, .luck = luck}));
    for (int32_t workers : {1, 4, 8}) {
      const Knobs knobs = EmulatedKnobs(8, workers);
      const RunSummary measured = Summarize(Record(truth, {.knobs = knobs, .steps = 100, .luck = 100 + luck}));
      const double live = measured.step_ms_mean, stall = measured.shares.stall();
      const Prediction p = predictor->PredictRun(knobs, {.steps = 100});
      CHECK(p.step_ms_low <= p.step_ms);
      CHECK(p.step_ms <= p.step_ms_high);
      CHECK(p.step_ms_high < 1.4 * p.step_ms);
      inside += p.step_ms_low <= live && live <= p.step_ms_high;
      CHECK(p.stall_bounds.low <= p.stall_share());
      CHECK(p.stall_share() <= p.stall_bounds.high);
      CHECK(p.stall_bounds.high - p.stall_bounds.low < 0.35);
      stalls_inside += p.stall_bounds.low <= stall && stall <= p.stall_bounds.high;
      ++all;
    }
  }
  INFO(inside << " of " << all);
  CHECK(inside >= all * 65 / 100);
  INFO(stalls_inside << " stall shares");
  CHECK(stalls_inside >= all * 65 / 100);
}

TEST_CASE("intervals hold runs of other minutes, in which a shared host is further off than within a recording") {
  constexpr double kRuns = 0.04, kMinutes = 0.065;  // standard deviations of the logarithm: 1.9 times in all
  const bool slower = GENERATE(true, false);
  INFO((slower ? "it computes more slowly" : "it wakes threads later"));
  int inside = 0, all = 0;
  for (uint64_t luck = 1; luck <= (kSanitized ? 12 : 40); ++luck) {
    std::mt19937_64 random(luck);
    std::normal_distribution<double> minute(0, kMinutes);
    const auto in_a_minute = [&] {
      const double off = std::exp(minute(random));
      Truth truth = slower ? ReadAndDecode(1, 4 * off) : ReadAndDecode(4 * off, 1);
      truth.cores = 8;
      (slower ? truth.cpu_speed_noise : truth.wait_noise) = kRuns;
      return truth;
    };
    const Truth recorded = in_a_minute(), live = in_a_minute();
    const std::vector<RunRecord> runs = RecordInTurn(recorded, {1, 2, 4, 8, 2}, 40, 10 * luck);
    const Knobs knobs = EmulatedKnobs(8, 3);
    const double step_ms = Summarize(Record(live, {.knobs = knobs, .steps = 60, .luck = 10 * luck + 9})).step_ms_mean;
    const Prediction p = FitTo(runs)->PredictRun(knobs, {.steps = 60});
    inside += p.step_ms_low <= step_ms && step_ms <= p.step_ms_high;
    ++all;
  }
  INFO(inside << " of " << all);
  CHECK(inside >= all * 70 / 100);
}

TEST_CASE("what a setting gains is known better than its step where the host is another every minute") {
  int inside = 0, all = 0;
  for (uint64_t luck = 1; luck <= (kSanitized ? 12 : 40); ++luck) {
    std::mt19937_64 random(luck);
    std::normal_distribution<double> minute(0, 0.15);
    const auto in_a_minute = [&](double run_to_run) {
      Truth truth = ReadAndDecode(1, 4 * std::exp(minute(random)));
      truth.cores = 8;
      truth.cpu_speed_noise = run_to_run;
      return truth;
    };
    const auto predictor = FitTo(RecordInTurn(in_a_minute(0.1), {1, 2, 4, 8, 2}, 40, 10 * luck));
    const Truth live = in_a_minute(0);
    const auto step_ms = [&](int32_t workers) {
      return Summarize(Record(live, {.knobs = EmulatedKnobs(8, workers), .steps = 100, .luck = 10 * luck}))
          .step_ms_mean;
    };
    const Prediction two = predictor->Predict(EmulatedKnobs(8, 2));
    const Gain gain = GainOf(*predictor, predictor->Predict(predictor->recorded()), two);
    const double gained = step_ms(1) / step_ms(2);
    inside += gain.low <= gained && gained <= gain.high;
    CHECK((gain.high - gain.low) / gain.expected < 0.6 * WidthOf(two));
    ++all;
  }
  INFO(inside << " of " << all);
  CHECK(inside >= all * 80 / 100);
}

// What half a batch gains, of recordings whose runs step by 6 % more or less slowly, load as slowly or not, and of
// which one is of half a batch.
struct GainsOfHalf {
  int held = 0, all = 0;
  double error = 0;  // root of the mean square of the logarithm
};

GainsOfHalf GainsOfHalfTheBatch(bool loads_as_slowly) {
  Knobs knobs = EmulatedKnobs(8, 1, "cpu");
  knobs.intra_op_threads = 1;
  Knobs half = knobs;
  half.batch_size = 4;
  const auto slow_by = [&](double slow) {
    Truth truth = ReadAndDecode(0.05, 0.5 * (loads_as_slowly ? slow : 1));
    truth.cores = 8;
    truth.step_fixed_ns *= slow;
    truth.step_sample_ns *= slow;
    return truth;
  };
  const auto step_ms = [&](const Knobs& of) { return Summarize(Record(slow_by(1), {.knobs = of})).step_ms_mean; };
  const double gained = step_ms(knobs) / step_ms(half) / 2;
  GainsOfHalf gains;
  double squares = 0;
  for (uint64_t luck = 1; luck <= (kSanitized ? 20 : 100); ++luck) {
    std::mt19937_64 random(luck);
    std::normal_distribution<double> of_run(0, 0.06);
    std::vector<RunRecord> runs;
    for (const Knobs& recorded : {knobs, knobs, knobs, half, knobs}) {
      runs.push_back(Record(slow_by(std::exp(of_run(random))),
                            {.knobs = recorded,
                             .steps = runs.empty() ? 80 : 40,
                             .luck = 10 * luck + runs.size(),
                             .role = runs.empty() ? RunRecord::Role::kMain : RunRecord::Role::kCalibration}));
    }
    const auto predictor = FitTo(runs);
    const Gain gain = GainOf(*predictor, predictor->Predict(knobs), predictor->Predict(half));
    gains.held += gain.low <= gained && gained <= gain.high;
    squares += std::pow(std::log(gain.expected / gained), 2);
    ++gains.all;
  }
  gains.error = std::sqrt(squares / gains.all);
  return gains;
}

TEST_CASE("what another batch gains on the host is as unsure as the one run that its steps are known from") {
  const GainsOfHalf gains = GainsOfHalfTheBatch(false);
  INFO(gains.held << " of " << gains.all << ", error " << gains.error);
  CHECK(gains.held >= gains.all * 70 / 100);
}

TEST_CASE("a slow minute of the run with another batch is not held against that batch, for it loaded as slowly") {
  const GainsOfHalf gains = GainsOfHalfTheBatch(true);
  INFO(gains.held << " of " << gains.all << ", error " << gains.error);
  CHECK(gains.error < 0.02);
  CHECK(gains.held >= gains.all * 80 / 100);
}

TEST_CASE("to leave a setting as it is gains nothing for certain") {
  const auto predictor = Calibrated(HeavyTailed(true));
  const Prediction recorded = predictor->Predict(predictor->recorded());
  const Gain gain = GainOf(*predictor, recorded, recorded);
  CHECK(gain.expected == 1);
  CHECK(gain.low == 1);
  CHECK(gain.high == 1);
  CHECK(GainText(gain) == "1.00 times the throughput");
}

TEST_CASE("a host that wakes threads in time widens no interval of runs that wait, one that wakes them late does") {
  const auto width = [](double noise, int runs) {
    Truth truth = ReadAndDecode(4, 0.1);
    truth.cores = 8;
    truth.wait_noise = noise;
    std::vector<int32_t> workers(static_cast<size_t>(runs), 1);
    return WidthOf(FitTo(RecordInTurn(truth, workers, 80, 1))->Predict(EmulatedKnobs(8, 1)));
  };
  CHECK(width(0, 6) < 0.03);
  CHECK(width(0, 1) < 0.05);
  CHECK(width(0.04, 6) > 0.1);
}

TEST_CASE("a recording of many minutes knows them, one of a minute has to think of others") {
  const auto width = [](int64_t steps) {
    Truth truth = ReadAndDecode(0.1, 10);
    truth.cores = 8;
    truth.cpu_speed_noise = 0.05;
    return WidthOf(FitTo(RecordInTurn(truth, {1, 2, 4, 2, 1}, steps, 1))->Predict(EmulatedKnobs(8, 2)));
  };
  // 80 ms a step.
  CHECK(width(4500) < 0.7 * width(400));
}

TEST_CASE("a run that meets recorded samples again is surer than one that meets others or has no end") {
  const auto predictor = Calibrated(HeavyTailed(true));
  const uint64_t seed = predictor->recorded().seed;
  const double again = WidthOfRun(*predictor, seed);
  INFO("again " << again << ", others " << WidthOfRun(*predictor, seed + 1));
  CHECK(again < 0.6 * WidthOfRun(*predictor, seed + 1));
  CHECK(again < WidthOf(predictor->Predict(EmulatedKnobs(8, 1))));
}

TEST_CASE("samples that cost something else every time make no run surer") {
  const auto predictor = Calibrated(HeavyTailed(false));
  const uint64_t seed = predictor->recorded().seed;
  CHECK(WidthOfRun(*predictor, seed) > 0.8 * WidthOfRun(*predictor, seed + 1));
}

TEST_CASE(
    "a host that was seen to be steady is trusted more than one that was not, and that more than one that changes") {
  const auto width = [](double noise, int runs) {
    Truth truth = ReadAndDecode(0.1, 4);
    truth.cores = 8;
    truth.cpu_speed_noise = noise;
    std::vector<RunRecord> all;
    for (int i = 0; i < runs; ++i) {
      all.push_back(Record(truth, {.knobs = EmulatedKnobs(8, 1 + i % 3),
                                   .luck = static_cast<uint64_t>(i + 1),
                                   .role = i == 0 ? RunRecord::Role::kMain : RunRecord::Role::kCalibration}));
    }
    return WidthOf(FitTo(all)->Predict(EmulatedKnobs(8, 1)));
  };
  CHECK(width(0, 6) < 0.7 * width(0, 1));
  CHECK(width(0, 1) < width(0.15, 6));
}

TEST_CASE("Student's quantile is wide while little was seen and becomes the normal one") {
  CHECK(TwoSidedT(0.9, 2) == Approx(2.920).epsilon(0.015));
  CHECK(TwoSidedT(0.9, 4) == Approx(2.132).epsilon(0.002));
  CHECK(TwoSidedT(0.9, 8) == Approx(1.860).epsilon(0.001));
  CHECK(TwoSidedT(0.9, 1e9) == Approx(TwoSidedZ(0.9)).epsilon(1e-6));
}

TEST_CASE("correlation is one of what goes together, minus one of what goes apart, and nothing of what is constant") {
  const std::vector<double> x = {1, 2, 3, 4}, twice = {2, 4, 6, 8}, down = {4, 3, 2, 1}, same = {5, 5, 5, 5};
  CHECK(Correlation(x, twice) == Approx(1));
  CHECK(Correlation(x, down) == Approx(-1));
  CHECK(Correlation(x, same) == 0);
  CHECK(Correlation(same, x) == 0);
}

}  // namespace stallpoint
