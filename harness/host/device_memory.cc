#include "harness/host/device_memory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stallpoint/plugin/error.h"
#include "traces/units.h"

namespace stallpoint {

DeviceMemory::DeviceMemory(uint64_t limit_bytes)
    : table_{sizeof(sp_device_memory), 0, this, &Alloc, &Free}, pool_(limit_bytes, MemoryPool::kTight) {}

void DeviceMemory::NoteKept() {
  std::lock_guard lock(mutex_);
  reading_.kept = std::max(reading_.kept, in_use_);
}

DeviceMemory::Reading DeviceMemory::TakeReading() {
  std::lock_guard lock(mutex_);
  return std::exchange(reading_, {.peak = in_use_, .reserved = pool_.bytes()});
}

void* DeviceMemory::Alloc(void* self, uint64_t bytes, sp_error* error) {
  DeviceMemory& memory = *static_cast<DeviceMemory*>(self);
  std::lock_guard lock(memory.mutex_);
  const MemoryPool::Block block = memory.pool_.Acquire(bytes);
  if (block.data == nullptr) {
    const uint64_t limit = memory.pool_.limit_bytes();
    plugin::FillError(error, SP_RESOURCE_EXHAUSTED,
                      absl::StrCat("device memory: ", HumanSize(static_cast<double>(bytes)), " more are needed, ",
                                   HumanSize(static_cast<double>(memory.in_use_)), " are in use, ",
                                   limit == 0 ? "the machine has no more" : "the limit is " + FormatSize(limit),
                                   "; use a smaller --batch or more --device-memory")
                          .c_str());
    return nullptr;
  }
  memory.capacities_[block.data] = block.capacity;
  memory.in_use_ += block.capacity;
  memory.reading_.peak = std::max(memory.reading_.peak, memory.in_use_);
  memory.reading_.reserved = std::max(memory.reading_.reserved, memory.pool_.bytes());
  return block.data;
}

void DeviceMemory::Free(void* self, void* data) {
  DeviceMemory& memory = *static_cast<DeviceMemory*>(self);
  std::lock_guard lock(memory.mutex_);
  const auto found = memory.capacities_.find(data);
  if (found == memory.capacities_.end()) return;
  memory.in_use_ -= found->second;
  memory.pool_.Release({data, found->second});
  memory.capacities_.erase(found);
}

}  // namespace stallpoint
