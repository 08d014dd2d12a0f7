// How sure a recommendation is, and what live runs do to it.
#include "replay/search/advice.h"

#include <algorithm>

#include "catch.h"
#include "fitted.h"
#include "nlohmann/json.hpp"
#include "replay/json.h"
#include "replay/search/decision.h"
#include "run_builder.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::ReadAndDecode;
using testing::Record;
using testing::Truth;
using testing::Values;

// A device of 10 ms a step behind reads that were seen to overlap: so many workers are as fast as it, nearly.
std::unique_ptr<Predictor> FedBy(double workers) {
  const Truth truth = ReadAndDecode(10 * workers / 8 - 0.2, 0.2);
  return FitTo({Record(truth, {.knobs = EmulatedKnobs(8, 1)}),
                Record(truth, {.knobs = EmulatedKnobs(8, 8), .luck = 2, .role = RunRecord::Role::kCalibration})});
}

std::vector<Prediction> WithWorkers(const Predictor& predictor, int32_t from, int32_t to) {
  std::vector<Prediction> settings;
  for (int32_t w = from; w <= to; ++w) {
    Knobs knobs = predictor.recorded();
    knobs.worker_count = w;
    settings.push_back(predictor.Predict(knobs));
  }
  return settings;
}

LiveFinding Measured(const Prediction& p, double faster) { return {.knobs = p.knobs, .faster = faster}; }

}  // namespace

TEST_CASE("a choice between settings that differ widely is certain, and no live run would tell more") {
  const auto predictor = FedBy(3.5);
  const Decision decision(*predictor, predictor->Predict(predictor->recorded()), WithWorkers(*predictor, 1, 8), 1);
  CHECK(decision.settings()[decision.chosen()].knobs.worker_count == 4);
  CHECK(decision.chance_of_chosen() > 0.9);
  CHECK_FALSE(decision.MostTelling().has_value());
  CHECK(decision.expected_loss() < 0.005);
}

TEST_CASE("a choice on the edge is not, and the run that tells most is one of the two in question") {
  const auto predictor = FedBy(4.0);  // four workers just do, or just do not
  const Prediction recorded = predictor->Predict(predictor->recorded());
  const Decision decision(*predictor, recorded, WithWorkers(*predictor, 2, 8), 1);
  CHECK(decision.chance_of_chosen() < 0.9);
  REQUIRE(decision.runner_up().has_value());
  REQUIRE(decision.MostTelling().has_value());
  const auto of = [&](size_t i) { return decision.settings()[i].knobs.worker_count; };
  CHECK(std::min(of(decision.chosen()), of(*decision.runner_up())) == 4);
  CHECK(std::max(of(decision.chosen()), of(*decision.runner_up())) == 5);
  CHECK((*decision.MostTelling() == decision.chosen() || *decision.MostTelling() == *decision.runner_up()));
  CHECK(decision.high_loss() >= decision.expected_loss());
}

TEST_CASE("a measured setting moves its neighbours with it, narrows their intervals and settles the choice") {
  const auto predictor = FedBy(4.0);
  const Prediction recorded = predictor->Predict(predictor->recorded());
  const std::vector<Prediction> settings = WithWorkers(*predictor, 2, 8);
  for (const double faster : {0.93, 1.07}) {
    INFO(faster << " times as fast as predicted");
    Decision decision(*predictor, recorded, settings, 1);
    const double before = decision.chance_of_chosen();
    for (int run = 0; run < 3; ++run) {
      decision.Fold(1, faster, kUsualNoise);  // three workers
    }
    const auto& after = decision.settings();
    CHECK(after[1].throughput_per_s / settings[1].throughput_per_s == Approx(faster).epsilon(0.03));
    const double neighbour = after[2].throughput_per_s / settings[2].throughput_per_s;
    CHECK((faster < 1 ? neighbour < 0.99 : neighbour >= 1));
    CHECK(after[1].step_ms_high - after[1].step_ms_low < settings[1].step_ms_high - settings[1].step_ms_low);
    CHECK(after[6].throughput_per_s == Approx(settings[6].throughput_per_s).epsilon(0.01));  // the device's own speed
    CHECK(after[decision.chosen()].knobs.worker_count == (faster < 1 ? 5 : 4));
    CHECK(decision.chance_of_chosen() > before);
  }
}

TEST_CASE(
    "a live run on a host that was slower meanwhile says nothing against its setting, one that waited longer does") {
  Truth truth = ReadAndDecode(4, 4);
  truth.cores = 8;
  const auto predictor =
      FitTo({Record(truth, {.knobs = EmulatedKnobs(8, 1)}),
             Record(truth, {.knobs = EmulatedKnobs(8, 2), .luck = 2, .role = RunRecord::Role::kCalibration})});
  const auto found = [&](double wait_ms, double cpu_ms) {
    Truth live = ReadAndDecode(wait_ms, cpu_ms);
    live.cores = 8;
    return FindingOf(*predictor, Record(live, {.knobs = EmulatedKnobs(8, 3), .luck = 3}));
  };
  CHECK(found(4, 4).faster == Approx(1).epsilon(0.01));
  CHECK(found(4, 6).faster == Approx(1).epsilon(0.02));
  CHECK(found(6, 4).faster == Approx(0.8).epsilon(0.02));
  CHECK(found(4, 4).noise == Approx(kUsualNoise));
}

TEST_CASE("advice says what to run next until it is sure, and changes its mind when runs say otherwise") {
  const auto predictor = FedBy(4.0);
  const SweepRanges ranges = {.worker_count = Values("0:16"), .prefetch_depth = Values("1:4")};
  std::vector<LiveFinding> findings;
  Advice advice = Advise(*predictor, ranges, findings, {});
  REQUIRE(advice.same_batch.has_value());
  CHECK_FALSE(advice.any_batch.has_value());
  REQUIRE(advice.next.has_value());
  CHECK(advice.settings == 17 * 4);
  CHECK(advice.simulated < advice.settings);
  REQUIRE(advice.stall_points.size() == 1);
  CHECK(advice.stall_points[0].axis == "worker_count");
  const double unsure = advice.same_batch->chance;
  for (int run = 0; run < 8 && advice.next; ++run) {
    findings.push_back(Measured(predictor->Predict(*advice.next), advice.next->worker_count <= 5 ? 0.9 : 1));
    advice = Advise(*predictor, ranges, findings, {});
  }
  REQUIRE(advice.same_batch.has_value());
  CHECK(advice.same_batch->chosen.knobs.worker_count >= 5);
  CHECK(advice.same_batch->chance > unsure);
}

TEST_CASE("after a run out of memory nothing is recommended that takes as much") {
  RunRecord run = Record(ReadAndDecode(1, 0.1), {.knobs = EmulatedKnobs(8, 4)});
  run.knobs.device = "emulated:launch=2ms,sample=1ms,base=1GiB,sample_bytes=64MiB";
  const auto predictor = FitTo(run);
  const SweepRanges ranges = {.batch_size = {8, 16, 32, 64}, .worker_count = {2, 4}};
  const Advice before = Advise(*predictor, ranges, {}, {});
  REQUIRE(before.any_batch.has_value());
  const Knobs& large = before.any_batch->chosen.knobs;
  CHECK(large.batch_size > 8);
  const Advice after = Advise(*predictor, ranges, {{.knobs = large, .kind = LiveFinding::Kind::kOutOfMemory}}, {});
  REQUIRE(after.any_batch.has_value());
  CHECK(after.any_batch->chosen.knobs.batch_size < large.batch_size);
  const Advice failed = Advise(*predictor, ranges, {{.knobs = large, .kind = LiveFinding::Kind::kFailed}}, {});
  REQUIRE(failed.any_batch.has_value());
  CHECK_FALSE(failed.any_batch->chosen.knobs == large);
}

TEST_CASE("of several limits the least is advised under which the setting fits") {
  RunRecord run = Record(ReadAndDecode(1, 0.1), {.knobs = EmulatedKnobs(8, 4)});
  run.knobs.device = "emulated:launch=2ms,sample=1ms,base=1GiB,sample_bytes=64MiB";
  const SweepRanges ranges = {.worker_count = {4},
                              .device_limit_bytes = {uint64_t{1} << 30, uint64_t{3} << 30, uint64_t{8} << 30}};
  const Advice advice = Advise(*FitTo(run), ranges, {}, {});
  REQUIRE(advice.same_batch.has_value());
  CHECK(advice.same_batch->recommendation.knobs.device_limit_bytes == uint64_t{3} << 30);
}

TEST_CASE("the JSON of advice has the keys of a sweep, and how sure it is") {
  const auto predictor = FedBy(4.0);
  const SweepRanges ranges = {.batch_size = {8, 16}, .worker_count = Values("0:8")};
  const auto json = AdviceJson(Advise(*predictor, ranges, {}, {}));
  const auto listed = SweepJson(Sweep(*predictor, ranges, nullptr));
  for (const auto& [key, value] : listed.items()) {
    INFO(key);
    CHECK(json.contains(key));
  }
  for (const char* key : {"settings", "simulated", "complete", "stopped", "next", "live_runs"}) {
    INFO(key);
    CHECK(json["search"].contains(key));
  }
  CHECK(json["recommended"]["runner_up"]["knobs"]["batch_size"] == 8);
  CHECK(json["recommended"]["chance"] > 0);
  CHECK(json["recommended"]["expected_loss"] >= 0);
}

}  // namespace stallpoint
