// The backend of a build without CUPTI's headers, which is linked here whatever this build found.
#include <memory>
#include <string>

#include "catch.h"
#include "harness/cupti/device_activity.h"
#include "tests/harness/record_support.h"

namespace stallpoint {
namespace {

TEST_CASE("A build without CUPTI's headers says so in one line and records the host") {
  const auto trace = std::make_shared<MemoryTrace>();
  const auto recorder = StartRecorder(MemoryOptions(trace));
  const absl::Status refused = DeviceActivity::Start(*recorder, {}).status();
  CHECK(refused.code() == absl::StatusCode::kUnimplemented);
  CHECK_THAT(std::string(refused.message()), Catch::Contains("tools/setup") && Catch::Contains("CUDA_HOME"));
  CHECK(FindCupti().status() == refused);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(ReadChunks(trace->chunks()).closed);
}

}  // namespace
}  // namespace stallpoint
