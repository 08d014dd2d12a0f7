#include "replay/search/sweep.h"

#include <set>

#include "catch.h"
#include "nlohmann/json.hpp"
#include "replay/fit/crowding.h"
#include "replay/json.h"
#include "replay/search/calibration.h"
#include "run_builder.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::ReadAndDecode;
using testing::Record;

std::vector<int64_t> Range(const std::string& text) {
  auto values = ParseRange(text);
  INFO(values.status());
  REQUIRE(values.ok());
  return *values;
}

SweepResult SweepRun(const RunRecord& run, const SweepRanges& ranges) {
  auto predictor = Predictor::Fit(std::vector<RunRecord>{run}, {});
  REQUIRE(predictor.ok());
  return Sweep(**predictor, ranges, nullptr);
}

}  // namespace

TEST_CASE("ranges are values, lists, runs and multiples") {
  CHECK(Range("7") == std::vector<int64_t>{7});
  CHECK(Range("8,16,32") == std::vector<int64_t>{8, 16, 32});
  CHECK(Range("0:4") == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK(Range("8:256:*2") == std::vector<int64_t>{8, 16, 32, 64, 128, 256});
  CHECK(Range("8:30:+8") == std::vector<int64_t>{8, 16, 24});
  CHECK(Range("5:5") == std::vector<int64_t>{5});
  CHECK(*ParseSizeRange("8GiB:64GiB") ==
        std::vector<uint64_t>{uint64_t{8} << 30, uint64_t{16} << 30, uint64_t{32} << 30, uint64_t{64} << 30});
  CHECK(*ParseSizeRange("1GiB:2GiB:+512MiB") ==
        std::vector<uint64_t>{uint64_t{2} << 29, uint64_t{3} << 29, uint64_t{4} << 29});
}

TEST_CASE("a range that cannot be read is refused with its text and the form") {
  for (const char* text : {"", "x", "8:", ":8", "8:4", "1:2:3:4", "8:256:2", "8:256:*1", "8:256:+0", "0:8:*2", "8,,9",
                           "-1", "1.5", "8:256:*", "0:99999999999", "99999999999999999999"}) {
    INFO(text);
    const auto values = ParseRange(text);
    CHECK(values.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(values.status().message()).find("8:256:*2") != std::string::npos);
  }
  CHECK_FALSE(ParseSizeRange("8GiB:banana").ok());
  CHECK_FALSE(ParseSizeRange("0:8GiB").ok());
}

TEST_CASE("a sweep covers the grid and finds where the stall ends") {
  const RunRecord run = Record(ReadAndDecode(20, 0.2), {.knobs = EmulatedKnobs(8, 1)});
  const SweepResult result = SweepRun(run, {.worker_count = Range("0:32"), .prefetch_depth = {2, 4}});
  CHECK(result.settings.size() == 66);
  REQUIRE(result.stall_points.size() == 1);
  const StallPoint& point = result.stall_points.front();
  // A batch of 8 takes 162 ms, the device 10 ms: 17 workers.
  CHECK(point.axis == "worker_count");
  CHECK(point.free_at == point.stalled_at + 1);
  CHECK(point.free_at >= 16);
  CHECK(point.free_at <= 18);
  CHECK(point.at > point.stalled_at);
  CHECK(point.at <= point.free_at);
  CHECK(point.stage == "read");
  CHECK(point.wait == Wait::kIo);
  REQUIRE(result.recommended.has_value());
  CHECK(result.recommended->knobs.worker_count >= 16);
  CHECK(result.recommended->knobs.worker_count <= 19);
  CHECK(result.recommended->knobs.batch_size == 8);
  const Gain& gain = result.recommended->throughput_gain;
  CHECK(gain.expected > 10);
  CHECK(gain.low < gain.expected);
  CHECK(gain.expected < gain.high);
  CHECK_FALSE(result.recommended_any_batch.has_value());
}

TEST_CASE("the recommendation keeps the batch size, and another stands beside it when batches were swept") {
  const RunRecord run = Record(ReadAndDecode(1, 0.1), {.knobs = EmulatedKnobs(8, 4)});
  const SweepResult result = SweepRun(run, {.batch_size = {8, 16, 32, 64}, .worker_count = {1, 2, 4, 8}});
  REQUIRE(result.recommended.has_value());
  CHECK(result.recommended->knobs.batch_size == 8);
  REQUIRE(result.recommended_any_batch.has_value());
  CHECK(result.recommended_any_batch->knobs.batch_size > 8);
}

TEST_CASE("settings that do not fit are not recommended") {
  RunRecord run = Record(ReadAndDecode(1, 0.1), {.knobs = EmulatedKnobs(8, 4)});
  run.knobs.device = "emulated:launch=2ms,sample=1ms,base=1GiB,sample_bytes=64MiB";
  const SweepResult result = SweepRun(run, {.batch_size = {8, 16, 32, 64}, .device_limit_bytes = {uint64_t{3} << 30}});
  REQUIRE(result.recommended_any_batch.has_value());
  CHECK(result.recommended_any_batch->knobs.batch_size == 16);
  CHECK(result.settings.back().bound == Bound::kMemory);
}

TEST_CASE("the JSON of a sweep has every published key") {
  const RunRecord run = Record(ReadAndDecode(20, 0.2), {.knobs = EmulatedKnobs(8, 1)});
  const auto json = SweepJson(SweepRun(run, {.batch_size = {8, 16}, .worker_count = Range("0:20")}));
  const std::set<std::string> keys = {"schema_version", "stallpoint_version",    "recorded", "settings", "stall_points",
                                      "recommended",    "recommended_any_batch", "search"};
  for (const auto& key : keys) CHECK(json.contains(key));
  for (const char* key :
       {"knobs", "step_ms", "step_ms_low", "step_ms_high", "throughput_per_s", "shares", "stall_share", "bound",
        "stage", "wait", "host_memory_bytes", "device_memory_bytes", "p_out_of_memory", "extrapolated"}) {
    CHECK(json["settings"][0].contains(key));
    CHECK(json["recorded"].contains(key));
  }
  for (const char* key : {"axis", "stalled_at", "free_at", "at", "stage", "wait"}) {
    CHECK(json["stall_points"][0].contains(key));
  }
  for (const char* key : {"knobs", "throughput_gain", "reason", "throughput_gain_low", "throughput_gain_high"})
    CHECK(json["recommended"].contains(key));
  CHECK(json["settings"][0]["device_memory_bytes"].is_null());
  CHECK(json["schema_version"] == 1);
}

TEST_CASE("calibration adds a second batch size, and workers that match and outnumber the cores") {
  const auto far = PlanCalibration(EmulatedKnobs(32, 1), 8, 1);
  REQUIRE(far.size() == 5);
  CHECK(far[0].worker_count == 8);
  CHECK(far[0].batch_size == 32);
  CHECK(far[1].worker_count == 16);
  CHECK(far[2].worker_count == 11);
  CHECK(far[3].batch_size == 16);
  CHECK(far[4] == EmulatedKnobs(32, 1));
  const auto near = PlanCalibration(EmulatedKnobs(2, 8), 8, 1);
  REQUIRE(near.size() == 5);
  CHECK(near[0].worker_count == 1);
  CHECK(near[1].worker_count == 16);
  CHECK(near[2].worker_count == 11);
  CHECK(near[3].batch_size == 4);
  CHECK(near[3].worker_count == 8);
  const auto some = PlanCalibration(EmulatedKnobs(32, 4), 16, 1);
  REQUIRE(some.size() == 6);
  CHECK(some[0].worker_count == 16);
  CHECK(some[1].worker_count == 1);
}

TEST_CASE("calibration takes more workers where they mostly wait, so that what they compute fills the cores") {
  CHECK(PlanCalibration(EmulatedKnobs(32, 1), 2, 0.25)[1].worker_count == 10);
  CHECK(PlanCalibration(EmulatedKnobs(32, 1), 2, 0.001)[1].worker_count == 12);
  const RunRecord run = testing::Record(testing::ReadAndDecode(12, 4), {.knobs = EmulatedKnobs(8, 1)});
  CHECK(PlanCalibration(run)[1].knobs.worker_count == 10);
}

TEST_CASE("calibration runs take seconds, most where workers outnumber the cores, but no longer than the recording") {
  const testing::Truth truth = testing::ReadAndDecode(12, 4);
  const Knobs knobs = EmulatedKnobs(8, 1);
  const auto plan = PlanCalibration(testing::Record(truth, {.knobs = knobs}));
  CHECK(plan[0].steps == 30 + 3 * 2 * knobs.prefetch_depth);                               // two seconds and more
  CHECK(static_cast<double>(plan[1].steps) == Approx(5e9 / (8 * 4e6 / 2)).epsilon(0.02));  // what two cores compute
  const auto fast =
      PlanCalibration(testing::Record(testing::ReadAndDecode(0, 0.1), {.knobs = EmulatedKnobs(1, 1), .steps = 2000}));
  CHECK(fast[0].steps == Approx(2e9 / 3e6).epsilon(0.2));  // launch and step
  RunRecord run = testing::Record(truth, {.knobs = knobs, .steps = 20});
  const auto after_a_short_run = PlanCalibration(run);
  CHECK(after_a_short_run[1].steps < plan[1].steps * 2 / 3);
  run.cold_data = true;
  CHECK(PlanCalibration(run)[1].steps == 30 + 3 * 10 * knobs.prefetch_depth);
}

TEST_CASE("what crowded cores lose is known best at the counts of workers that were run, and nothing is lost unseen") {
  Crowding crowding;
  CHECK(crowding.Loss(2) == 0);
  const double unseen = crowding.Error(2);
  crowding.Observe(5, 0.8, 0.8 * 0.3, 0.02);
  CHECK(crowding.Loss(5) == Approx(0.3).margin(0.04));
  CHECK(crowding.Loss(5) > crowding.Loss(2));  // something of it is expected elsewhere
  CHECK(crowding.Loss(2) > 0.1);
  CHECK(crowding.Error(5) < crowding.Error(2));
  CHECK(crowding.Error(2) < unseen);
  crowding.Observe(2, 0.8, 0.8 * 0.05, 0.02);
  CHECK(crowding.Loss(2) == Approx(0.05).margin(0.03));
  CHECK(crowding.Loss(5) == Approx(0.3).margin(0.05));
  CHECK(crowding.Loss(3.2) > crowding.Loss(2));
  CHECK(crowding.Loss(3.2) < crowding.Loss(5));
  // A run that does not respond to it tells nothing.
  const double before = crowding.Error(8);
  crowding.Observe(8, 0, 0.5, 0.02);
  CHECK(crowding.Error(8) == before);
}

}  // namespace stallpoint
