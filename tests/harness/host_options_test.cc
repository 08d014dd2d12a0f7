#include "catch.h"
#include "harness/host/nearest_name.h"
#include "harness/host/options.h"

namespace stallpoint {
namespace {

const sp_option kOptions[] = {{sizeof(sp_option), 0, "read_latency", "0", "how long a read waits"},
                              {sizeof(sp_option), 0, "sync_each_step", "0", "as .item() does"}};
const sp_descriptor kDescriptor = {sizeof(sp_descriptor), SP_KIND_WORKLOAD, "sample", "", "1", 2,
                                   sizeof(sp_option),     kOptions};

TEST_CASE("Options of the plugin and of the harness are accepted") {
  CHECK(CheckOptions({{"read_latency", "3ms"}, {"on_bad_sample", "skip"}}, kDescriptor).ok());
}

TEST_CASE("An unknown option is refused with the nearest that exists") {
  const absl::Status refused = CheckOptions({{"read_latencey", "3ms"}}, kDescriptor);
  CHECK(absl::IsInvalidArgument(refused));
  CHECK_THAT(std::string(refused.message()), Catch::Contains("did you mean 'read_latency'"));
  CHECK_THAT(std::string(CheckOptions({{"zzz", "1"}}, kDescriptor).message()), !Catch::Contains("did you mean"));
}

TEST_CASE("An option of a probe that is not there says how to have it") {
  CHECK_THAT(std::string(CheckOptions({{"nvml.pcie", "0"}}, kDescriptor).message()),
             Catch::Contains("no option 'nvml.pcie'") && Catch::Contains("name it with --probe"));
}

TEST_CASE("The options of a probe are written with its id") {
  CHECK(CheckProbeOptions({{"read_latency", "3ms"}}, kDescriptor, "disk.").ok());
  CHECK_THAT(std::string(CheckProbeOptions({{"read_latencey", "3ms"}}, kDescriptor, "disk.").message()),
             Catch::Contains("--set disk.read_latencey=3ms") && Catch::Contains("did you mean 'disk.read_latency'"));
  CHECK_FALSE(CheckProbeOptions({{"on_bad_sample", "skip"}}, kDescriptor, "disk.").ok());
}

TEST_CASE("The engine's own options are read, and other values than theirs refused") {
  const auto engine = ParseEngineOptions({{"on_bad_sample", "skip"}, {"sync_each_step", "1"}});
  REQUIRE(engine.ok());
  CHECK(engine->skip_bad_samples);
  CHECK(engine->sync_each_step);
  CHECK_FALSE(ParseEngineOptions({})->skip_bad_samples);
  CHECK(absl::IsInvalidArgument(ParseEngineOptions({{"on_bad_sample", "ignore"}}).status()));
  CHECK(absl::IsInvalidArgument(ParseEngineOptions({{"sync_each_step", "yes"}}).status()));
}

TEST_CASE("The nearest name is one with few changes, or none") {
  CHECK(NearestName("syntetic", {"image_classification", "synthetic"}) == "synthetic");
  CHECK(NearestName("x", {"image_classification", "synthetic"}).empty());
  CHECK(NearestName("", {}).empty());
}

}  // namespace
}  // namespace stallpoint
