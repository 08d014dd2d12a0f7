// Memory of a device that has none of its own, as plugins ask for it (stallpoint/abi/device_memory.h): pooled, counted,
// limited.
//
// Any thread. What a plugin has not freed when the object goes is left alone: its framework may still hold it.
#ifndef STALLPOINT_HARNESS_HOST_DEVICE_MEMORY_H_
#define STALLPOINT_HARNESS_HOST_DEVICE_MEMORY_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "harness/host/allocation_log.h"
#include "harness/host/memory_pool.h"
#include "stallpoint/abi/device_memory.h"

namespace stallpoint {

// How a limit is held, for people to read.
inline constexpr char kDeviceMemoryEnforcement[] = "what the plugin's framework allocates, before each allocation";

class DeviceMemory {
 public:
  // Bytes.
  struct Reading {
    uint64_t peak = 0;      // the most in use at a time
    uint64_t kept = 0;      // in use whatever the batch: the model, its optimizer's state, its gradients
    uint64_t reserved = 0;  // the most in use and kept for reuse, which is what the host has to hold
  };

  // `limit_bytes` 0: unlimited. `log`, which outlives the object, is told of every allocation; it may be null.
  explicit DeviceMemory(uint64_t limit_bytes, AllocationLog* log = nullptr);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // Lives as long as the object.
  const sp_device_memory* table() {
    asked_for_ = true;
    return &table_;
  }
  // Whether a plugin has asked for the table: of one that did not, nothing is known.
  bool asked_for() const { return asked_for_; }

  // What is in use now does not come from the batch: to be called as a step begins, and as its optimizer does.
  void NoteKept();
  // Since the last call, or the beginning.
  Reading TakeReading();

 private:
  struct InUse {
    uint64_t capacity, bytes;  // of the block, and what was asked for
  };

  static void* Alloc(void* self, uint64_t bytes, sp_error* error);
  static void Free(void* self, void* memory);

  const sp_device_memory table_;
  AllocationLog* const log_;
  std::atomic<bool> asked_for_ = false;

  std::mutex mutex_;
  MemoryPool pool_;
  std::unordered_map<void*, InUse> blocks_;
  uint64_t in_use_ = 0;
  Reading reading_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_DEVICE_MEMORY_H_
