#include "traces/device_spec.h"

#include <string>

#include "catch.h"

namespace stallpoint {
namespace {

TEST_CASE("every form of a device text is understood and comes back in canonical form") {
  CHECK(ParseDevice("cpu")->kind == DeviceSpec::Kind::kCpu);
  CHECK(FormatDevice(*ParseDevice("cpu")) == "cpu");
  CHECK(ParseDevice("cuda:3")->index == 3);
  CHECK(FormatDevice(*ParseDevice("cuda")) == "cuda:0");
  CHECK(FormatDevice(*ParseDevice("emulated")) == "emulated");
  const DeviceSpec emulated = *ParseDevice("emulated:sample_bytes=1MB,launch=0.005s,base=2GiB,sample=250us");
  CHECK(emulated.launch_ns == 5'000'000);
  CHECK(emulated.sample_ns == 250'000);
  CHECK(emulated.base_bytes == uint64_t{2} << 30);
  CHECK(emulated.sample_bytes == 1'000'000);
  CHECK(FormatDevice(emulated) == "emulated:launch=5ms,sample=250us,base=2GiB,sample_bytes=1000000");
}

TEST_CASE("an emulated step takes its launch and its samples; what was not stated is absent") {
  CHECK(ParseDevice("emulated:launch=5ms,sample=1ms")->StepNs(32) == 37'000'000);
  CHECK(ParseDevice("emulated:launch=5ms")->StepNs(32) == 5'000'000);
  CHECK_FALSE(ParseDevice("emulated:launch=5ms")->sample_ns.has_value());
  CHECK_FALSE(ParseDevice("emulated")->base_bytes.has_value());
}

TEST_CASE("a device text that is not understood is refused by the part that is wrong") {
  const auto refusal = [](std::string_view text) { return std::string(ParseDevice(text).status().message()); };
  CHECK(refusal("gpu") ==
        "--device: 'gpu': expected cpu, cuda:N or "
        "emulated[:launch=TIME,sample=TIME,base=SIZE,sample_bytes=SIZE]");
  CHECK(refusal("cuda:x") == "--device: 'cuda:x': expected cuda:N with N from 0 to 1023");
  CHECK_FALSE(ParseDevice("cuda:").ok());
  CHECK_FALSE(ParseDevice("cuda:-1").ok());
  CHECK_FALSE(ParseDevice("cuda:1024").ok());
  CHECK_FALSE(ParseDevice("").ok());
  CHECK(refusal("emulated:") == "--device: '': expected launch=TIME, sample=TIME, base=SIZE or sample_bytes=SIZE");
  CHECK(refusal("emulated:launch=5ms,speed=2") ==
        "--device: 'speed=2': expected launch=TIME, sample=TIME, base=SIZE or sample_bytes=SIZE");
  CHECK(refusal("emulated:launch=5ms,launch=6ms") == "--device: 'launch=6ms': given twice");
  CHECK(refusal("emulated:launch=5").starts_with("--device: 'launch=5': '5' is not a time"));
  CHECK(refusal("emulated:sample=2h") == "--device: 'sample=2h': expected at most 60s");
}

}  // namespace
}  // namespace stallpoint
