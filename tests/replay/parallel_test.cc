// Work on several threads at once: what ThreadSanitizer watches of this room.
#include "replay/parallel.h"

#include <atomic>
#include <vector>

#include "catch.h"
#include "fitted.h"
#include "nlohmann/json.hpp"
#include "replay/json.h"
#include "replay/search/advice.h"
#include "replay/search/search.h"
#include "replay/search/sweep.h"
#include "run_builder.h"

namespace stallpoint {
namespace {

using testing::EmulatedKnobs;
using testing::FitTo;
using testing::RandomRun;
using testing::ReadAndDecode;
using testing::Record;
using testing::Values;

}  // namespace

TEST_CASE("every piece of work is done once, on however many threads") {
  for (const int threads : {0, 1, 2, 7}) {
    std::vector<std::atomic<int>> done(1000);
    CHECK(ParallelFor(done.size(), threads, nullptr, [&](size_t i) { ++done[i]; }) == done.size());
    int once = 0;
    for (const std::atomic<int>& times : done) once += times == 1;
    CHECK(once == 1000);
  }
}

TEST_CASE("a sweep gives the same bytes on any number of threads") {
  const RunRecord run = Record(ReadAndDecode(4, 2), {.knobs = EmulatedKnobs(8, 1), .steps = 80});
  const auto predictor = FitTo(run);
  const SweepRanges ranges = {.batch_size = {4, 16}, .worker_count = Values("0:5"), .prefetch_depth = {1, 2}};
  const std::string alone = SweepJson(Sweep(*predictor, ranges, nullptr, 1)).dump();
  for (const int threads : {0, 2, 3, 8, 100}) {
    INFO(threads << " threads");
    CHECK(SweepJson(Sweep(*predictor, ranges, nullptr, threads)).dump() == alone);
  }
}

TEST_CASE("a sweep that is cancelled keeps what was done") {
  const RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 1), .steps = 60});
  const auto predictor = FitTo(run);
  const SweepRanges ranges = {.worker_count = Values("0:9")};
  const auto half = [](size_t done, size_t total) { return done < total / 2; };
  const SweepResult alone = Sweep(*predictor, ranges, half, 1);
  CHECK(alone.cancelled);
  CHECK(alone.settings.size() == 5);
  const SweepResult together = Sweep(*predictor, ranges, half, 3);
  REQUIRE(together.settings.size() >= 5);  // and what the other threads had begun
  for (size_t i = 0; i < together.settings.size(); ++i) {
    CHECK(together.settings[i].knobs.worker_count == static_cast<int32_t>(i));
    CHECK(together.settings[i].step_ms > 0);
  }
}

TEST_CASE("a search gives the same answer on any number of threads") {
  const auto predictor = FitTo(RandomRun(3));
  const SweepRanges ranges = {
      .batch_size = Values("4:64:+4"), .worker_count = Values("0:12"), .prefetch_depth = Values("1:4")};
  const SearchResult alone = Search(*predictor, ranges, {.threads = 1});
  for (const int threads : {2, 5}) {
    const SearchResult together = Search(*predictor, ranges, {.threads = threads});
    CHECK(together.simulated == alone.simulated);
    CHECK(together.any_batch->chosen.knobs == alone.any_batch->chosen.knobs);
    CHECK(together.same_batch->chosen.knobs == alone.same_batch->chosen.knobs);
  }
}

TEST_CASE("advice is the same on any number of threads") {
  const auto predictor = FitTo(Record(ReadAndDecode(5, 0.2), {.knobs = EmulatedKnobs(8, 1), .steps = 60}));
  const SweepRanges ranges = {.worker_count = Values("0:4")};
  const Advice alone = Advise(*predictor, ranges, {}, {.threads = 1});
  const Advice together = Advise(*predictor, ranges, {}, {.threads = 3});
  CHECK(AdviceJson(together).dump() == AdviceJson(alone).dump());
}

TEST_CASE("a search that is ended gives the best so far") {
  const auto predictor = FitTo(Record(ReadAndDecode(20, 0.2), {.knobs = EmulatedKnobs(8, 1)}));
  const SweepRanges ranges = {.worker_count = Values("0:63"), .prefetch_depth = Values("1:16")};
  SearchOptions options;
  options.keep_going = [](const SearchProgress& progress) { return progress.simulated < 5; };
  const SearchResult search = Search(*predictor, ranges, options);
  CHECK_FALSE(search.complete);
  CHECK(search.simulated >= 5);
  CHECK(search.simulated < 5 + 64);
  REQUIRE(search.same_batch.has_value());
  CHECK(search.same_batch->chosen.throughput_per_s > 0);
}

}  // namespace stallpoint
