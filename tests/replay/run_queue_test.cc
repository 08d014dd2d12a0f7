#include "replay/simulate/run_queue.h"

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include "catch.h"

namespace stallpoint {

TEST_CASE("the thread that is done first is next, whoever came and went") {
  constexpr int32_t kThreads = 40;
  RunQueue queue(kThreads);
  std::map<int32_t, double> inside;
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int32_t> any(0, kThreads - 1);
  std::uniform_real_distribution<double> due(0, 1e11);
  for (int i = 0; i < 20'000; ++i) {
    const int32_t thread = any(random);
    // Half of the time the first leaves, as it does when it is done; else one that moves.
    const bool first_leaves = i % 2 == 0 && !inside.empty();
    const int32_t leaving = first_leaves ? queue.next() : thread;
    if (inside.count(leaving) > 0) {
      CHECK(queue.due(leaving) == inside[leaving]);
      queue.Remove(leaving);
      inside.erase(leaving);
    } else {
      inside[thread] = due(random);
      queue.Add(thread, inside[thread]);
    }
    REQUIRE(queue.count() == static_cast<int32_t>(inside.size()));
    if (inside.empty()) {
      CHECK(queue.due() == std::numeric_limits<double>::infinity());
      continue;
    }
    const auto first = std::min_element(inside.begin(), inside.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    REQUIRE(queue.next() == first->first);
    CHECK(queue.due() == first->second);
  }
}

}  // namespace stallpoint
