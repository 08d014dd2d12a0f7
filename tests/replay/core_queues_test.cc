#include "replay/simulate/core_queues.h"

#include <limits>

#include "catch.h"
#include "replay/simulate/host_clock.h"

namespace stallpoint {
namespace {

using Host = HostClock<CoreQueues>;
constexpr double kNever = std::numeric_limits<double>::infinity();

// Jobs begin on cores 0, 1, 0, 1, ...
Host TwoCores(int32_t jobs, double migration_delay, double crowding = 0) {
  return Host(jobs, CoreQueues(jobs, 2, 1, 1, crowding, migration_delay));
}

}  // namespace

TEST_CASE("threads of one core share it, though another is idle, until one of them moves") {
  Host cores = TwoCores(3, kNever);
  cores.Compute(0, 10, 1);
  cores.Compute(2, 10, 1);
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(20));
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(20));
  CHECK(cores.Next() == -1);
}

TEST_CASE("an idle core takes a thread after the delay, in the mean, and the thread stays there") {
  constexpr double kDelay = 5;
  double moved = 0;
  constexpr int kTimes = 2000;
  for (int i = 0; i < kTimes; ++i) {
    Host cores(3, CoreQueues(3, 2, 1, 1, 0, kDelay, static_cast<uint64_t>(i)));
    cores.Compute(0, 1000, 1);
    cores.Compute(2, 1000, 1);
    REQUIRE(cores.Next() >= 0);
    // Until one moved both had half of a core.
    moved += 2 * (cores.now() - 1000) / kTimes;
    REQUIRE(cores.Next() >= 0);
    const double begin = cores.now();
    cores.Compute(0, 10, 1);
    cores.Compute(2, 10, 1);
    cores.Next();
    CHECK(cores.now() - begin == Approx(10));
  }
  CHECK(moved == Approx(kDelay).epsilon(0.1));
}

TEST_CASE("three threads on two busy cores take turns in having one to themselves") {
  constexpr double kDelay = 1;
  Host cores(4, CoreQueues(4, 2, 1, 1, 0, kDelay));
  for (const int32_t job : {0, 1, 2}) cores.Compute(job, 10'000, 1);
  REQUIRE(cores.Next() >= 0);
  // Alone on one of them a thread would be done after 10,000.
  CHECK(cores.now() == Approx(15'000).epsilon(0.05));
  while (cores.Next() >= 0) {
  }
  CHECK(cores.now() == Approx(15'000).epsilon(0.05));
}

TEST_CASE("a thread that slept goes on where it fell asleep, beside whoever is there") {
  Host cores = TwoCores(4, kNever);
  cores.Wait(0, 5);
  cores.Compute(2, 10, 1);
  CHECK(cores.Next() == 0);
  cores.Compute(0, 3, 1);
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(11));
  CHECK(cores.Next() == 2);
  CHECK(cores.now() == Approx(13));
}

TEST_CASE("a job on several threads is done with the last of them") {
  // Its threads are on cores 1 and 0, the other job on core 0.
  Host cores(2, CoreQueues(2, 2, 2, 1, 0, kNever));
  cores.Compute(0, 4, 1);
  cores.Compute(1, 10, 2);
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(8));
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(14));
  CHECK(cores.work() == Approx(24));
}

TEST_CASE("a part of a thread computes that part") {
  Host cores(2, CoreQueues(2, 2, 1.5, 1, 0, kNever));
  cores.Compute(0, 4, 1);
  cores.Compute(1, 10, 1.5);
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(8));
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(10));
}

TEST_CASE("what a crowded core loses is lost on that core alone") {
  Host cores = TwoCores(4, kNever, 0.5);
  cores.Compute(0, 10, 1);
  cores.Compute(2, 10, 1);
  cores.Compute(1, 10, 1);
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(10));
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(30));
}

TEST_CASE("computing stretches with the cores that are busy, not with threads that wait for one") {
  Host crowded(4, CoreQueues(4, 2, 1, 1.5, 0, kNever));
  crowded.Compute(0, 6, 1);
  crowded.Compute(2, 6, 1);
  crowded.Next();
  CHECK(crowded.now() == Approx(12));
  Host both(4, CoreQueues(4, 2, 1, 1.5, 0, kNever));
  both.Compute(0, 6, 1);
  both.Compute(1, 6, 1);
  both.Next();
  CHECK(both.now() == Approx(9));
}

}  // namespace stallpoint
