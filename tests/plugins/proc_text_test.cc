#include "plugins/probes/proc_text.h"

#include "catch.h"

namespace stallpoint::probes {
namespace {

TEST_CASE("a value is the number behind its whole key") {
  const std::string meminfo = "MemTotal:       24683656 kB\nMemAvailable:   24155276 kB\nShmem:              8880 kB\n";
  CHECK(ValueOf(meminfo, "MemAvailable") == 24155276);
  CHECK(ValueOf(meminfo, "Mem") == std::nullopt);
  CHECK(ValueOf(meminfo, "SwapTotal") == std::nullopt);
  CHECK(ValueOf("pswpin 12\npswpout 34\n", "pswpout") == 34);
  CHECK(ValueOf("rchar: 6976\nwchar: x\n", "wchar") == std::nullopt);
  CHECK(ValueOf("rchar: 99999999999999999999\n", "rchar") == std::nullopt);
  CHECK(ValueOf("Pss:                 321 kB\nPss_Anon:            116 kB\n", "Pss") == 321);
}

TEST_CASE("pressure is read with and without a line for all tasks") {
  const auto both = ParsePressure(
      "some avg10=36.61 avg60=8.35 avg300=2.11 total=12566258\nfull avg10=36.61 avg60=8.31 avg300=2.03 "
      "total=10873358\n");
  REQUIRE(both);
  CHECK(both->some_us == 12566258);
  CHECK(both->full_us == 10873358);
  const auto some = ParsePressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=17\n");
  REQUIRE(some);
  CHECK_FALSE(some->full_us);
  CHECK_FALSE(ParsePressure("full avg10=0.00 total=17\n"));
  CHECK_FALSE(ParsePressure(""));
}

TEST_CASE("a task's fields are counted from behind its name, whatever the name holds") {
  const auto stat =
      ParseTaskStat("11563 (a) R (b) D 11561 11561 6228 0 -1 4194304 104 1 7 2 31 12 0 0 20 0 1 0 82496 3133440 413\n");
  REQUIRE(stat);
  CHECK(stat->state == 'D');
  CHECK(stat->faults_minor == 104);
  CHECK(stat->faults_major == 7);
  CHECK(stat->user_ticks == 31);
  CHECK(stat->system_ticks == 12);
  CHECK_FALSE(ParseTaskStat("11563 (cat) R 11561"));
  CHECK_FALSE(ParseTaskStat("11563 cat R"));
}

TEST_CASE("the wait for a core and the slices are the second and third field of schedstat") {
  const auto schedule = ParseTaskSchedule("58270 30170 2\n");
  REQUIRE(schedule);
  CHECK(schedule->run_queue_ns == 30170);
  CHECK(schedule->slices == 2);
  CHECK_FALSE(ParseTaskSchedule("58270 30170\n"));
  CHECK_FALSE(ParseTaskSchedule("1 -2 3\n"));
}

TEST_CASE("a disk is found by its numbers") {
  const std::string disks =
      "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
      " 254       0 vda 101862 25484 5418890 34217 16219 34493 14339392 16878 1 18456 56203 3047 0 4821376 5094 1538 "
      "12\n"
      " 254       1 vda1 short\n";
  const auto totals = ParseDiskStats(disks, 254, 0);
  REQUIRE(totals);
  CHECK(totals->reads == 101862);
  CHECK(totals->read_ms == 34217);
  CHECK(totals->busy_ms == 18456);
  CHECK_FALSE(ParseDiskStats(disks, 254, 1));
  CHECK_FALSE(ParseDiskStats(disks, 8, 0));
}

TEST_CASE("the unified cgroup is the line without controllers") {
  CHECK(UnifiedCgroup("4:memory:/a\n1:cpu:/\n0::/user.slice/run 1\n") == "/user.slice/run 1");
  CHECK(UnifiedCgroup("0::/\n") == "/");
  CHECK_FALSE(UnifiedCgroup("4:memory:/a\n"));
  CHECK_FALSE(UnifiedCgroup("0::up\n"));
}

}  // namespace
}  // namespace stallpoint::probes
