// A search answers what a sweep of the whole space would, from a small part of it.
#include "replay/search/search.h"

#include <algorithm>
#include <optional>
#include <string>

#include "catch.h"
#include "fitted.h"
#include "replay/search/recommend.h"
#include "run_builder.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::RandomRun;
using testing::ReadAndDecode;
using testing::Record;
using testing::Values;

// What a sweep would say that looks at every setting.
std::optional<Prediction> BestOfAll(const Predictor& predictor, SweepRanges ranges, bool any_batch) {
  if (!any_batch) ranges.batch_size = {predictor.recorded().batch_size};
  const std::vector<Knobs> grid = SettingsOf(predictor.recorded(), ranges);
  std::vector<Prediction> all;
  for (const Knobs& knobs : grid) all.push_back(predictor.Estimate(knobs));
  std::vector<const Prediction*> candidates;
  for (const Prediction& p : all) {
    if (Fits(p)) candidates.push_back(&p);
  }
  if (candidates.empty()) return std::nullopt;
  return *Choose(predictor.Estimate(predictor.recorded()), candidates);
}

}  // namespace

TEST_CASE("a search recommends what a sweep of the whole space does") {
  const SweepRanges ranges = {.batch_size = Values("8:64:+8"),
                              .worker_count = Values("0:17"),
                              .prefetch_depth = Values("1:4"),
                              .device_limit_bytes = {uint64_t{3} << 29}};
  int same = 0, questions = 0;
  for (uint64_t seed = 1; seed <= (kSanitized ? 2 : 5); ++seed) {
    INFO("seed " << seed);
    const auto predictor = FitTo(RandomRun(seed));
    const SearchResult search = Search(*predictor, ranges, {});
    CHECK(search.complete);
    CHECK(search.settings == 8u * 18 * 4);
    CHECK(search.simulated < search.settings / 2);
    for (const bool any : {false, true}) {
      const std::optional<Prediction> expected = BestOfAll(*predictor, ranges, any);
      const auto& found = any ? search.any_batch : search.same_batch;
      REQUIRE(expected.has_value() == found.has_value());
      if (!expected) continue;
      const Knobs &best = expected->knobs, &chosen = found->chosen.knobs;
      INFO((any ? "any batch: " : "same batch: ")
           << "batch/workers/prefetch " << best.batch_size << "/" << best.worker_count << "/" << best.prefetch_depth
           << ", found " << chosen.batch_size << "/" << chosen.worker_count << "/" << chosen.prefetch_depth);
      ++questions;
      same += chosen == best;
      // Where two settings are nearly as fast, which of them is within 2 % of the best hangs on the best that was seen.
      // The simulation scatters by what moves between cores, so that more prefetch may be slower by a little.
      CHECK(found->chosen.throughput_per_s >= (1 - kAsFast - 0.003) * expected->throughput_per_s);
      CHECK(chosen.worker_count <= best.worker_count + 1);
      CHECK(found->ceiling_per_s >= 0.97 * found->best_per_s);
      CHECK(Fits(found->chosen));
    }
  }
  CHECK(same >= questions * 3 / 4);
}

TEST_CASE("a search of a million settings simulates a few hundred of them") {
  const auto predictor = FitTo(Record(ReadAndDecode(20, 0.2), {.knobs = EmulatedKnobs(8, 1)}));
  const SweepRanges ranges = {
      .batch_size = Values("8:8192:+8"), .worker_count = Values("0:63"), .prefetch_depth = Values("1:16")};
  const SearchResult search = Search(*predictor, ranges, {});
  CHECK(search.settings == 1024u * 64 * 16);
  CHECK(search.complete);
  CHECK(search.simulated < 2000);
  REQUIRE(search.same_batch.has_value());
  // A batch of 8 takes 162 ms, the device 10 ms: 17 workers.
  CHECK(search.same_batch->chosen.knobs.worker_count >= 16);
  CHECK(search.same_batch->chosen.knobs.worker_count <= 18);
  REQUIRE(search.any_batch.has_value());
  CHECK(search.any_batch->chosen.knobs.batch_size > 8);
}

TEST_CASE("what cannot fit is not simulated, and hides nothing that does") {
  RunRecord run = Record(ReadAndDecode(2, 0.1), {.knobs = EmulatedKnobs(16, 2)});
  run.knobs.device = "emulated:launch=4ms,sample=1ms,base=1GiB,sample_bytes=32MiB";
  const auto predictor = FitTo(run);
  // A step of 32 samples fits, and two of 16.
  const SweepRanges ranges = {.batch_size = Values("8:256:+8"),
                              .worker_count = Values("0:8"),
                              .prefetch_depth = Values("1:4"),
                              .steps_in_flight = Values("1:2"),
                              .device_limit_bytes = {uint64_t{2} << 30}};
  const SearchResult search = Search(*predictor, ranges, {});
  for (const bool any : {false, true}) {
    const std::optional<Prediction> expected = BestOfAll(*predictor, ranges, any);
    const auto& found = any ? search.any_batch : search.same_batch;
    REQUIRE(expected.has_value());
    REQUIRE(found.has_value());
    CHECK(found->chosen.knobs == expected->knobs);
  }
  // Of 32 batch sizes 4 may fit.
  CHECK(search.simulated < search.settings / 8);
  CHECK(search.any_batch->chosen.knobs.batch_size == 32);
}

TEST_CASE("no run is emptier than the emptiest, whatever is simulated") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    RunRecord run = RandomRun(seed);
    run.knobs.device = "emulated:launch=2ms,sample=1ms,base=1GiB,sample_bytes=16MiB";
    run.counters["host_memory_held_peak"] = {{run.end_ns, 300e6}};
    run.counters["arena_memory"] = {{run.end_ns, 4e6}};
    run.counters["buffer_memory"] = {{run.end_ns, 40e6}};
    const auto predictor = FitTo(run);
    for (const int64_t batch : {4, 32}) {
      for (const int32_t workers : {0, 1, 5}) {
        for (const int32_t in_flight : {1, 3}) {
          Knobs knobs = predictor->recorded();
          knobs.batch_size = batch;
          knobs.worker_count = workers;
          knobs.steps_in_flight = in_flight;
          knobs.device_limit_bytes = uint64_t{3} << 29;
          INFO("seed " << seed << " batch " << batch << " workers " << workers << " in flight " << in_flight);
          const Prediction emptiest = predictor->EmptiestRun(knobs), simulated = predictor->Estimate(knobs);
          REQUIRE(simulated.host_memory_bytes.has_value());
          CHECK(*emptiest.host_memory_bytes <= *simulated.host_memory_bytes);
          CHECK(*emptiest.device_memory_bytes <= *simulated.device_memory_bytes);
          CHECK(emptiest.p_out_of_memory.value_or(0) <= simulated.p_out_of_memory.value_or(0));
          CHECK((Fits(emptiest) || !Fits(simulated)));
        }
      }
    }
  }
}

TEST_CASE("nothing is found where nothing fits") {
  RunRecord run = Record(ReadAndDecode(1, 0.1), {.knobs = EmulatedKnobs(8, 4)});
  run.knobs.device = "emulated:launch=2ms,sample=1ms,base=4GiB,sample_bytes=64MiB";
  const SearchResult search =
      Search(*FitTo(run), {.worker_count = Values("0:4"), .device_limit_bytes = {uint64_t{1} << 30}}, {});
  CHECK_FALSE(search.same_batch.has_value());
  CHECK(search.simulated == 0);
}

TEST_CASE("no setting is faster than its floor allows, but for the luck of its samples") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    RunRecord run = RandomRun(seed);
    if (seed % 2 == 0) run.knobs.device = "cpu";  // whose steps share the cores with the workers
    const auto predictor = FitTo(run);
    for (const int64_t batch : {4, 16, 64}) {
      for (const int32_t workers : {0, 1, 2, 4, 8, 16}) {
        for (const int32_t in_flight : {1, 2}) {
          Knobs knobs = predictor->recorded();
          knobs.batch_size = batch;
          knobs.worker_count = workers;
          knobs.steps_in_flight = in_flight;
          knobs.prefetch_depth = 2 + static_cast<int32_t>(seed);
          INFO("seed " << seed << " batch " << batch << " workers " << workers << " in flight " << in_flight);
          const double ceiling = predictor->FloorOf(knobs).Throughput(workers, in_flight);
          CHECK(predictor->Estimate(knobs).throughput_per_s <= 1.03 * ceiling);
        }
      }
    }
  }
}

}  // namespace stallpoint
