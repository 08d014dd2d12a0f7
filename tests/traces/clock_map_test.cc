#include "traces/clock_map.h"

#include <cstdint>
#include <limits>

#include "catch.h"

namespace stallpoint {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

ClockMap MapOf(std::initializer_list<std::pair<uint64_t, int64_t>> snapshots, double ticks_per_second = 1e9) {
  ClockMap map;
  map.SetNominalRate(ticks_per_second);
  for (auto [ticks, ns] : snapshots) map.Add(ticks, ns);
  map.Seal();
  return map;
}

TEST_CASE("a time between two snapshots is interpolated by their own slope") {
  // 3 GHz in the first second, 500 ppm faster in the second.
  const ClockMap map =
      MapOf({{3'000'000'000, 10 * kSecond}, {6'000'000'000, 11 * kSecond}, {9'001'500'000, 12 * kSecond}});
  CHECK(map.ToNs(4'500'000'000) == 10 * kSecond + kSecond / 2);
  CHECK(map.ToNs(6'000'000'000) == 11 * kSecond);
  CHECK(map.ToNs(6'000'000'000 + 3'001'500'000 / 2) == 11 * kSecond + kSecond / 2);
}

TEST_CASE("a time outside the snapshots goes on with the nearest slope") {
  const ClockMap map =
      MapOf({{3'000'000'000, 10 * kSecond}, {6'000'000'000, 11 * kSecond}, {8'000'000'000, 12 * kSecond}});
  CHECK(map.ToNs(1'500'000'000) == 9 * kSecond + kSecond / 2);
  CHECK(map.ToNs(9'000'000'000) == 12 * kSecond + kSecond / 2);
}

TEST_CASE("two snapshots taken within microseconds do not set the slope of the times after them") {
  const ClockMap map =
      MapOf({{1 * kSecond, 1 * kSecond}, {2 * kSecond, 2 * kSecond}, {2 * kSecond + 100, 2 * kSecond + 150}});
  CHECK(*map.ToNs(3 * kSecond + 100) - (3 * kSecond + 150) == Approx(50).margin(1));
}

TEST_CASE("one snapshot is an anchor for the rate that the segment states") {
  const ClockMap map = MapOf({{4'000'000'000, 5 * kSecond}}, 2e9);
  CHECK(map.ToNs(6'000'000'000) == 6 * kSecond);
  CHECK(map.ToNs(2'000'000'000) == 4 * kSecond);
}

TEST_CASE("ticks that are monotonic nanoseconds come through exactly") {
  const ClockMap map = MapOf({{kSecond, kSecond}, {1'000'100'000'007, 1'000'100'000'007}});
  CHECK(map.ToNs(987'654'321'987) == 987'654'321'987);
  CHECK(map.ToNs(2'000'000'000'003) == 2'000'000'000'003);
  CHECK(MapOf({}).ToNs(123'456'789) == 123'456'789);
}

TEST_CASE("duplicates, disorder and a clock that runs backwards do not disturb the others") {
  const ClockMap map = MapOf({{3 * kSecond, 3 * kSecond},
                              {1 * kSecond, 1 * kSecond},
                              {2 * kSecond, 500},
                              {3 * kSecond, 3 * kSecond},
                              {0, 77},
                              {4 * kSecond, -5}});
  CHECK(map.snapshots() == 2);
  CHECK(map.ToNs(2 * kSecond) == 2 * kSecond);
}

TEST_CASE("times that cannot be have no nanoseconds") {
  const ClockMap map = MapOf({{kSecond, kSecond}, {2 * kSecond, 2 * kSecond}});
  CHECK_FALSE(map.ToNs(0));
  CHECK_FALSE(map.ToNs(std::numeric_limits<uint64_t>::max()));
  CHECK_FALSE(map.ToNs(uint64_t{1} << 62));
  CHECK_FALSE(MapOf({{10 * kSecond, kSecond}}).ToNs(kSecond));  // before the clock began
}

TEST_CASE("hostile snapshots and rates give a time or none, never undefined behaviour") {
  constexpr uint64_t kMaxTicks = std::numeric_limits<uint64_t>::max();
  constexpr int64_t kMaxNs = std::numeric_limits<int64_t>::max();
  for (double rate : {0.0, -1.0, 1e-300, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    const ClockMap map = MapOf({{1, 0}, {2, kMaxNs}, {3, 4'000'000'000'000'000'000}, {kMaxTicks, kMaxNs - 1}}, rate);
    for (uint64_t ticks : {uint64_t{1}, uint64_t{2}, uint64_t{4}, kMaxTicks / 2, kMaxTicks - 1, kMaxTicks}) {
      const auto ns = map.ToNs(ticks);
      CHECK((!ns || *ns >= 0));
    }
  }
}

}  // namespace
}  // namespace stallpoint
