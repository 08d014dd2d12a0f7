#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "catch.h"
#include "harness/cuda/session.h"
#include "harness/cuda/stream_hold.h"
#include "tests/harness/fake_driver.h"

namespace stallpoint {
namespace {

TEST_CASE("A held stream begins nothing until it is let go, which it does by itself when its time is over") {
  FreshDriver();
  const auto session = CudaSession::Open(0);
  REQUIRE(session.ok());
  std::atomic<bool> begun{false};
  const auto begin = [](void* flag) { static_cast<std::atomic<bool>*>(flag)->store(true); };
  const auto wait = [&] { (*session)->driver().StreamSynchronize((*session)->stream()); };
  SECTION("let go") {
    const auto hold = StreamHold::Begin(**session, std::chrono::minutes(1));
    REQUIRE(hold.ok());
    Kernel(0, begin, &begun);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(begun);
    CHECK((*hold)->Release());
    wait();
    CHECK(begun);
  }
  SECTION("its time is over") {
    const auto hold = StreamHold::Begin(**session, std::chrono::milliseconds(20));
    REQUIRE(hold.ok());
    Kernel(0, begin, &begun);
    wait();
    CHECK(begun);
    CHECK_FALSE((*hold)->Release());
  }
  SECTION("forgotten") {
    REQUIRE(StreamHold::Begin(**session, std::chrono::minutes(1)).ok());
    Kernel(0, begin, &begun);
    wait();
    CHECK(begun);
  }
  SECTION("refused") {
    FakeCuda& driver = FreshDriver();
    driver.failing = "cuLaunchHostFunc";
    driver.code = 999;
    const absl::Status refused = StreamHold::Begin(**session, std::chrono::minutes(1)).status();
    CHECK_THAT(std::string(refused.message()), Catch::Contains("cuLaunchHostFunc") && Catch::Contains("(999)"));
  }
}

}  // namespace
}  // namespace stallpoint
