#include <algorithm>
#include <numeric>
#include <set>

#include "catch.h"
#include "harness/engine/permutation.h"
#include "tests/harness/engine_support.h"

namespace stallpoint {
namespace {

std::vector<BatchPlan> DrawAll(IndexData& data, const Knobs& knobs, RunLength length) {
  Workload workload(data.Table());
  REQUIRE(workload.Open("").ok());
  auto sampler = MakeSampler(workload, knobs, length);
  REQUIRE(sampler.ok());
  std::vector<BatchPlan> plans;
  BatchPlan plan;
  while (!(*sampler)->done()) {
    const auto drawn = (*sampler)->Next(&plan);
    REQUIRE(drawn.ok());
    if (*drawn) plans.push_back(plan);
  }
  return plans;
}

std::vector<uint64_t> Joined(const std::vector<BatchPlan>& plans) {
  std::vector<uint64_t> all;
  for (const BatchPlan& plan : plans) all.insert(all.end(), plan.indices.begin(), plan.indices.end());
  return all;
}

bool IsAPass(std::vector<uint64_t> indices, uint64_t samples) {
  std::sort(indices.begin(), indices.end());
  std::vector<uint64_t> expected(samples);
  std::iota(expected.begin(), expected.end(), uint64_t{0});
  return indices == expected;
}

TEST_CASE("A permutation holds every element once, whatever its size") {
  for (uint64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4096, 5000}) {
    const Permutation order(7, 0, n);
    std::vector<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) seen.push_back(order[i]);
    CHECK(IsAPass(seen, n));
  }
}

TEST_CASE("A permutation is another one for another seed or pass, and leaves few elements in place") {
  const uint64_t n = 1000;
  const Permutation a(1, 0, n), other_seed(2, 0, n), other_pass(1, 1, n);
  int fixed = 0, same_as_seed = 0, same_as_pass = 0;
  for (uint64_t i = 0; i < n; ++i) {
    fixed += a[i] == i;
    same_as_seed += a[i] == other_seed[i];
    same_as_pass += a[i] == other_pass[i];
  }
  CHECK(fixed < 10);
  CHECK(same_as_seed < 10);
  CHECK(same_as_pass < 10);
}

TEST_CASE("N steps draw N whole batches, passes joined without a short one") {
  IndexData data{.samples = 10};
  const auto plans = DrawAll(data, {.batch_size = 4}, {.steps = 5});
  REQUIRE(plans.size() == 5);
  for (const BatchPlan& plan : plans) CHECK(plan.count == 4);
  const std::vector<uint64_t> all = Joined(plans);
  CHECK(IsAPass({all.begin(), all.begin() + 10}, 10));
  CHECK(IsAPass({all.begin() + 10, all.end()}, 10));
  CHECK(plans[2].epoch == 0);
  CHECK(plans[2].passes == std::vector<int64_t>{0, 0, 1, 1});
  CHECK(plans[3].epoch == 1);
}

TEST_CASE("An epoch ends with a short batch, or leaves it out with drop_last") {
  IndexData data{.samples = 10};
  const auto kept = DrawAll(data, {.batch_size = 4}, {.epochs = 2});
  REQUIRE(kept.size() == 6);
  CHECK(kept[2].count == 2);
  CHECK(kept[5].count == 2);
  CHECK(kept[3].epoch == 1);
  CHECK(IsAPass(Joined({kept.begin(), kept.begin() + 3}), 10));
  const auto dropped = DrawAll(data, {.batch_size = 4, .drop_last = true}, {.epochs = 2});
  REQUIRE(dropped.size() == 4);
  for (const BatchPlan& plan : dropped) CHECK(plan.count == 4);
}

TEST_CASE("Each epoch is shuffled anew and the same seed gives the same order") {
  IndexData data{.samples = 50};
  const auto once = DrawAll(data, {.batch_size = 50, .seed = 3}, {.epochs = 2});
  const auto again = DrawAll(data, {.batch_size = 50, .seed = 3}, {.epochs = 2});
  CHECK(once[0].indices == again[0].indices);
  CHECK(once[1].indices == again[1].indices);
  CHECK(once[0].indices != once[1].indices);
}

TEST_CASE("A workload may choose its batches itself; 0 ends the pass") {
  IndexData data{.samples = 3};
  int64_t next = 0;
  data.on_batch = [&next](uint64_t* indices, int64_t) -> int64_t {
    indices[0] = static_cast<uint64_t>(next);
    next = (next + 1) % 4;
    return next == 0 ? 0 : 1;
  };
  CHECK(Joined(DrawAll(data, {.batch_size = 8}, {.steps = 5})) == std::vector<uint64_t>{0, 1, 2, 0, 1});
  next = 0;
  CHECK(Joined(DrawAll(data, {.batch_size = 8}, {.epochs = 2})) == std::vector<uint64_t>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("Epochs of a stream, and epochs without one whole batch, are refused with what to do") {
  IndexData stream{.samples = SP_SAMPLE_COUNT_UNKNOWN};
  Workload workload(stream.Table());
  REQUIRE(workload.Open("").ok());
  const auto epochs = MakeSampler(workload, {}, {.epochs = 1});
  CHECK_THAT(std::string(epochs.status().message()), Catch::Contains("--steps"));

  IndexData small{.samples = 3};
  Workload few(small.Table());
  REQUIRE(few.Open("").ok());
  const auto nothing = MakeSampler(few, {.batch_size = 4, .drop_last = true}, {.epochs = 1});
  CHECK_THAT(std::string(nothing.status().message()), Catch::Contains("3 samples") && Catch::Contains("--batch"));
}

}  // namespace
}  // namespace stallpoint
