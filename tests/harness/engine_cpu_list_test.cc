#include "catch.h"
#include "harness/engine/cpu_list.h"

namespace stallpoint {
namespace {

TEST_CASE("A CPU list names single CPUs and ranges") {
  const auto set = ParseCpuList("0-2,5");
  REQUIRE(set.ok());
  CHECK(CPU_COUNT(&*set) == 4);
  CHECK(CPU_ISSET(5, &*set));
  CHECK_FALSE(CPU_ISSET(3, &*set));
}

TEST_CASE("A CPU list that is none is refused with the part that is wrong") {
  for (const char* text : {"", "a", "3-1", "0,,1", "-1", "0-1-2", "99999"}) {
    const auto set = ParseCpuList(text);
    CHECK(absl::IsInvalidArgument(set.status()));
    CHECK_THAT(std::string(set.status().message()), Catch::Contains("--cpus"));
  }
}

TEST_CASE("Confinement ends with its scope") {
  cpu_set_t before, during, after;
  sched_getaffinity(0, sizeof(before), &before);
  int first = 0;
  while (!CPU_ISSET(static_cast<size_t>(first), &before)) ++first;
  {
    ScopedAffinity affinity;
    REQUIRE(affinity.Confine(std::to_string(first)).ok());
    sched_getaffinity(0, sizeof(during), &during);
    CHECK(CPU_COUNT(&during) == 1);
  }
  sched_getaffinity(0, sizeof(after), &after);
  CHECK(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace stallpoint
