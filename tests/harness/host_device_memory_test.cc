#include <atomic>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "harness/host/device_memory.h"
#include "harness/host/host_services.h"

namespace stallpoint {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// As a plugin uses the table.
struct Taker {
  explicit Taker(DeviceMemory& memory) : table(*memory.table()) {}
  void* Take(uint64_t bytes) {
    error = {.struct_size = sizeof(sp_error)};
    return table.alloc(table.self, bytes, &error);
  }
  void Free(void* memory) { table.free(table.self, memory); }

  const sp_device_memory& table;
  sp_error error;
};

TEST_CASE("The peak is what was in use at a time, what the host holds is what was ever needed together") {
  DeviceMemory memory(0);
  Taker plugin(memory);
  void* model = plugin.Take(10 * kMiB);
  memory.NoteKept();
  void* activations = plugin.Take(5 * kMiB);
  CHECK(reinterpret_cast<uintptr_t>(activations) % 64 == 0);
  plugin.Free(activations);
  plugin.Free(plugin.Take(3 * kMiB));
  DeviceMemory::Reading step = memory.TakeReading();
  CHECK(step.kept == 10 * kMiB);
  CHECK(step.peak == 15 * kMiB);
  CHECK(step.reserved == 18 * kMiB);

  plugin.Free(plugin.Take(3 * kMiB));
  step = memory.TakeReading();
  CHECK(step.peak == 13 * kMiB);
  CHECK(step.kept == 0);
  plugin.Free(model);
}

TEST_CASE("Beyond its limit the device has no memory, and says what is in use; what is idle gives way first") {
  DeviceMemory memory(8 * kMiB);
  Taker plugin(memory);
  void* model = plugin.Take(4 * kMiB);
  plugin.Free(plugin.Take(3 * kMiB));
  CHECK(plugin.Take(5 * kMiB) == nullptr);
  CHECK(plugin.error.code == SP_RESOURCE_EXHAUSTED);
  CHECK(
      std::string(plugin.error.message) ==
      "device memory: 5.00 MiB more are needed, 4.00 MiB are in use, the limit is 8MiB; use a smaller --batch or more "
      "--device-memory");
  void* rest = plugin.Take(4 * kMiB);
  CHECK(rest != nullptr);
  plugin.Free(rest);
  plugin.Free(model);
}

TEST_CASE("More than any machine has is refused without a limit too") {
  DeviceMemory memory(0);
  Taker plugin(memory);
  CHECK(plugin.Take(UINT64_MAX) == nullptr);
  CHECK(std::string(plugin.error.message).find("the machine has no more") != std::string::npos);
  plugin.Free(nullptr);
  int other = 0;
  plugin.Free(&other);
}

TEST_CASE("A plugin gets device memory by its id where the device has none of its own") {
  const std::map<std::string, std::string> options;
  const std::atomic<bool> cancelled = false;
  MemoryPool pool(0);
  DeviceMemory memory(0);
  HostServices host(nullptr, pool, options, cancelled, &memory);
  CHECK(host.device_memory() == nullptr);
  const sp_host* table = host.table();
  CHECK(table->get_extension(table->self, "stallpoint.unknown/1") == nullptr);
  CHECK(table->get_extension(table->self, nullptr) == nullptr);
  CHECK(host.device_memory() == nullptr);
  CHECK(table->get_extension(table->self, SP_EXTENSION_DEVICE_MEMORY) == memory.table());
  CHECK(host.device_memory() == &memory);

  HostServices without(nullptr, pool, options, cancelled);
  CHECK(without.table()->get_extension(without.table()->self, SP_EXTENSION_DEVICE_MEMORY) == nullptr);
}

}  // namespace
}  // namespace stallpoint
