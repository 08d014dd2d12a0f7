#include "harness/host/device_memory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stallpoint/plugin/error.h"
#include "traces/units.h"

namespace stallpoint {

DeviceMemory::DeviceMemory(uint64_t limit_bytes, AllocationLog* log)
    : table_{sizeof(sp_device_memory), 0, this, &Alloc, &Free}, log_(log), pool_(limit_bytes, MemoryPool::kTight) {}

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
  memory.blocks_[block.data] = {block.capacity, bytes};
  memory.in_use_ += block.capacity;
  memory.reading_.peak = std::max(memory.reading_.peak, memory.in_use_);
  const uint64_t held = memory.pool_.bytes();
  memory.reading_.reserved = std::max(memory.reading_.reserved, held);
  if (memory.log_ != nullptr) memory.log_->Add(block.data, static_cast<int64_t>(bytes), held);
  return block.data;
}

void DeviceMemory::Free(void* self, void* data) {
  DeviceMemory& memory = *static_cast<DeviceMemory*>(self);
  std::lock_guard lock(memory.mutex_);
  const auto found = memory.blocks_.find(data);
  if (found == memory.blocks_.end()) return;
  const InUse block = found->second;
  memory.blocks_.erase(found);
  memory.in_use_ -= block.capacity;
  memory.pool_.Release({data, block.capacity});
  // After the first steps nobody asks what the pool holds, which takes its lock.
  AllocationLog* log = memory.log_;
  if (log != nullptr && log->open()) log->Add(data, -static_cast<int64_t>(block.bytes), memory.pool_.bytes());
}

}  // namespace stallpoint
