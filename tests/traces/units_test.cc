#include "traces/units.h"

#include <limits>
#include <string>

#include "catch.h"

namespace stallpoint {
namespace {

TEST_CASE("times are read as people write them") {
  CHECK(*ParseTimeNs("20ms") == 20'000'000);
  CHECK(*ParseTimeNs("1.5s") == 1'500'000'000);
  CHECK(*ParseTimeNs("0.1us") == 100);
  CHECK(*ParseTimeNs("7ns") == 7);
  CHECK(*ParseTimeNs("2min") == 120'000'000'000);
  CHECK(*ParseTimeNs("1h") == 3'600'000'000'000);
  CHECK(*ParseTimeNs("0") == 0);
  CHECK(*ParseTimeNs("9223372036854775807ns") == std::numeric_limits<int64_t>::max());
}

TEST_CASE("a time without a unit, with an unknown one or with anything else is refused by name") {
  for (const std::string text :
       {"", "20", "ms", "-5ms", "+5ms", "5 ms", "5ms ", "1e3ms", "nan", "infs", "0x5ms", "5parsec", "."}) {
    INFO(text);
    const auto parsed = ParseTimeNs(text);
    REQUIRE(absl::IsInvalidArgument(parsed.status()));
    CHECK(std::string(parsed.status().message()).starts_with("'" + text + "' is not a time: expected"));
  }
  CHECK(std::string(ParseTimeNs("9223372036854775808ns").status().message()) ==
        "'9223372036854775808ns' is too large: expected at most 2562047h");
  CHECK_FALSE(ParseTimeNs("1" + std::string(5000, '0') + "s").ok());
}

TEST_CASE("sizes are read as people write them") {
  CHECK(*ParseSize("8GiB") == uint64_t{8} << 30);
  CHECK(*ParseSize("512MiB") == uint64_t{512} << 20);
  CHECK(*ParseSize("64KiB") == 65536);
  CHECK(*ParseSize("1.5KiB") == 1536);
  CHECK(*ParseSize("1MB") == 1'000'000);
  CHECK(*ParseSize("2kB") == 2'000);
  CHECK(*ParseSize("4096") == 4096);
  CHECK(*ParseSize("4096B") == 4096);
  CHECK(*ParseSize("0") == 0);
  CHECK(*ParseSize("18446744073709551615") == std::numeric_limits<uint64_t>::max());
}

TEST_CASE("a size that is none, or does not fit, is refused by name") {
  for (const std::string text : {"", "GiB", "-1", "8 GiB", "8gib", "8K", "1e9"}) {
    INFO(text);
    CHECK(std::string(ParseSize(text).status().message()).starts_with("'" + text + "' is not a size: expected"));
  }
  CHECK_FALSE(ParseSize("18446744073709551616").ok());
  CHECK_FALSE(ParseSize("16777216TiB").ok());
}

TEST_CASE("formatted times and sizes parse to the same value") {
  CHECK(FormatTimeNs(20'000'000) == "20ms");
  CHECK(FormatTimeNs(1'500'000) == "1500us");
  CHECK(FormatTimeNs(2'000'000'000) == "2s");
  CHECK(FormatTimeNs(1) == "1ns");
  CHECK(FormatSize(uint64_t{8} << 30) == "8GiB");
  CHECK(FormatSize(1536) == "1536");
  CHECK(FormatSize(0) == "0");
  for (const int64_t ns :
       {int64_t{0}, int64_t{1}, int64_t{999}, int64_t{60'000'000'000}, int64_t{123'456'789'012'345'678}}) {
    CHECK(*ParseTimeNs(FormatTimeNs(ns)) == ns);
  }
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{1024}, uint64_t{3} << 50, std::numeric_limits<uint64_t>::max()}) {
    CHECK(*ParseSize(FormatSize(bytes)) == bytes);
  }
}

TEST_CASE("sizes for reading have three significant figures") {
  CHECK(HumanSize(0) == "0 B");
  CHECK(HumanSize(512) == "512 B");
  CHECK(HumanSize(1024) == "1.00 KiB");
  CHECK(HumanSize(1.43 * 1024 * 1024 * 1024) == "1.43 GiB");
  CHECK(HumanSize(64.04 * 1024) == "64.0 KiB");
  CHECK(HumanTime(0.85) == "850 ms");
  CHECK(HumanTime(12.4) == "12.4 s");
  CHECK(HumanTime(372) == "6.2 min");
  CHECK(HumanTime(11'160) == "3.1 h");
  CHECK(HumanTime(216'000) == "2.5 days");
  CHECK(HumanSize(640 * 1024) == "640 KiB");
  CHECK(HumanSize(1023.9 * 1024) == "1.00 MiB");
  CHECK(HumanSize(-2048) == "-2.00 KiB");
}

}  // namespace
}  // namespace stallpoint
