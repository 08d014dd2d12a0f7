#include "replay/simulate/processor_sharing.h"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "catch.h"
#include "replay/simulate/host_clock.h"

namespace stallpoint {

using SharedHost = HostClock<ProcessorSharing>;

TEST_CASE("a schedule names the soonest of its jobs, whatever comes, goes and moves") {
  for (const int32_t jobs : {1, 2, 3, 10, 66}) {
    std::mt19937_64 random(static_cast<uint64_t>(jobs));
    Schedule schedule(jobs);
    std::vector<double> due(jobs, std::numeric_limits<double>::infinity());
    for (int i = 0; i < 2000; ++i) {
      const size_t job = random() % jobs;
      due[job] = random() % 3 == 0 ? std::numeric_limits<double>::infinity() : static_cast<double>(random() % 50);
      schedule.Set(static_cast<int32_t>(job), due[job]);
      const double soonest = *std::min_element(due.begin(), due.end());
      REQUIRE(schedule.due() == soonest);
      if (soonest < 50) REQUIRE(due[schedule.next()] == soonest);
    }
  }
}

TEST_CASE("two equal jobs on one core finish together at twice their demand") {
  SharedHost cores(3, ProcessorSharing(3, 1, 1));
  cores.Compute(0, 10, 1);
  cores.Compute(1, 10, 1);
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(20));
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(20));
  CHECK(cores.Next() == -1);
}

TEST_CASE("a short job leaves its share to the long one") {
  SharedHost cores(3, ProcessorSharing(3, 1, 1));
  cores.Compute(0, 2, 1);
  cores.Compute(1, 10, 1);
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(4));
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(12));
}

TEST_CASE("a job that comes later shares only from then on") {
  SharedHost cores(3, ProcessorSharing(3, 1, 1));
  cores.Compute(0, 10, 1);
  cores.Wait(1, 5);
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(5));
  cores.Compute(1, 3, 1);
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(11));
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(13));
}

TEST_CASE("three jobs on two cores run at two thirds of their speed") {
  SharedHost cores(3, ProcessorSharing(3, 2, 1));
  for (int32_t job : {0, 1, 2}) cores.Compute(job, 6, 1);
  CHECK(cores.Next() >= 0);
  CHECK(cores.now() == Approx(9));
}

TEST_CASE("a job of several threads takes their share of the cores") {
  SharedHost cores(3, ProcessorSharing(3, 2, 1));
  cores.Compute(0, 6, 3);
  cores.Compute(1, 3, 1);
  CHECK(cores.Next() == 1);
  CHECK(cores.now() == Approx(6));
  CHECK(cores.Next() == 0);
  CHECK(cores.now() == Approx(6 + 3 / (2.0 / 3)));
  CHECK(cores.work() == Approx(21));
}

TEST_CASE("computing stretches as the cores fill") {
  SharedHost alone(1, ProcessorSharing(1, 2, 1.5));
  alone.Compute(0, 6, 1);
  alone.Next();
  CHECK(alone.now() == Approx(6));
  SharedHost both(2, ProcessorSharing(2, 2, 1.5));
  both.Compute(0, 6, 1);
  both.Compute(1, 6, 1);
  both.Next();
  CHECK(both.now() == Approx(9));
}

TEST_CASE("waiting takes no core") {
  SharedHost cores(3, ProcessorSharing(3, 1, 1));
  cores.Wait(0, 10);
  cores.Wait(1, 10);
  cores.Compute(2, 10, 1);
  for (int i = 0; i < 3; ++i) cores.Next();
  CHECK(cores.now() == Approx(10));
}

TEST_CASE("reads beyond what storage serves at a time share it, and take no core") {
  SharedHost shared(4, ProcessorSharing(4, 1, 1), 2);
  for (int32_t job : {0, 1, 2}) shared.Read(job, 6);
  shared.Compute(3, 8, 1);
  CHECK(shared.Next() == 3);
  CHECK(shared.now() == Approx(8));
  CHECK(shared.Next() >= 0);
  CHECK(shared.now() == Approx(9));
}

TEST_CASE("a read that comes later shares only from then on, and one on storage without a limit shares nothing") {
  SharedHost one(2, ProcessorSharing(2, 4, 1), 1);
  one.Read(0, 10);
  one.Wait(1, 5);
  CHECK(one.Next() == 1);
  one.Read(1, 3);
  CHECK(one.Next() == 1);
  CHECK(one.now() == Approx(11));
  CHECK(one.Next() == 0);
  CHECK(one.now() == Approx(13));
  CHECK(one.Next() == -1);
  SharedHost unlimited(2, ProcessorSharing(2, 4, 1));
  unlimited.Read(0, 10);
  unlimited.Read(1, 10);
  unlimited.Next();
  unlimited.Next();
  CHECK(unlimited.now() == Approx(10));
}

}  // namespace stallpoint
