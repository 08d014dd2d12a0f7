// The device of a run for LibTorch: what is said where it cannot be used, and the limit of its allocator.
#include "stallpoint/torch_device.h"

#include <dlfcn.h>

#include <string>

#include "catch.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"

namespace {

using namespace stallpoint;
using namespace stallpoint::testing;

std::string RefusalOf(const char* device) {
  const FakeHost host;
  sp_knobs knobs = Knobs();
  knobs.device = device;
  try {
    plugin::UseTorchDevice(plugin::Host(host.table()), knobs);
  } catch (const plugin::Error& e) {
    CHECK(e.code() == SP_FAILED_PRECONDITION);
    return e.what();
  }
  return "";
}

TEST_CASE("The CPU is always there, and a device that LibTorch has other words for is refused by name") {
  CHECK(RefusalOf("cpu").empty());
  CHECK_THAT(RefusalOf("tpu:0"), Catch::Contains("found 'tpu:0'") && Catch::Contains("give --device cpu or cuda:0"));
}

TEST_CASE("Where LibTorch cannot use CUDA one line says what was found, what was expected and what to do") {
  const std::string refusal = RefusalOf("cuda:0");
  if (refusal.empty()) {
    WARN("not tested: there is a GPU, and a LibTorch that can use it");
    return;
  }
  CHECK_THAT(refusal, Catch::StartsWith("--device cuda:0: LibTorch ") && Catch::Contains(" cannot use it: ") &&
                          Catch::Contains("expected libtorch_cuda.so") && Catch::EndsWith("use --device cpu"));
  CHECK(refusal.find('\n') == std::string::npos);
  CHECK(refusal.size() < SP_ERROR_MESSAGE_SIZE);
}

// The settings of LibTorch's real allocator, which needs neither a driver nor the rest of its CUDA part.
TEST_CASE("The allocator of a device is told the share of it that the limit is, beside the user's own settings") {
  REQUIRE(dlopen(STALLPOINT_FAKE_CUDA, RTLD_NOW | RTLD_GLOBAL) != nullptr);  // a device of 1 GiB
  const c10::Device device(c10::kCUDA, 0);
  if (!STALLPOINT_TORCH_ALLOCATOR_HAS_SETTINGS || dlopen("libc10_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    WARN("not tested: this LibTorch has no such setting, or no CUDA part");
    CHECK_FALSE(plugin::LimitTorchAllocator(device, 256 << 20));
    return;
  }
#if STALLPOINT_TORCH_ALLOCATOR_HAS_SETTINGS
  c10::CachingAllocator::setAllocatorSettings("max_split_size_mb:100");
  CHECK(plugin::LimitTorchAllocator(device, 256 << 20));
  CHECK(c10::CachingAllocator::getAllocatorSettings() ==
        "max_split_size_mb:100,per_process_memory_fraction:0.250000000000");
  CHECK_FALSE(plugin::LimitTorchAllocator(device, uint64_t{2} << 30));  // more than there is: no limit
  // That it is read at all: what is no share is refused.
  CHECK_THROWS_AS(c10::CachingAllocator::setAllocatorSettings("per_process_memory_fraction:1.5"), c10::Error);
#endif
}

}  // namespace
