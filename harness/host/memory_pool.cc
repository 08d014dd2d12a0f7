#include "harness/host/memory_pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace stallpoint {
namespace {

// Blocks have few distinct capacities, an eighth apart at most, so that batches of varying size share them.
size_t RoundUp(size_t bytes) {
  const size_t wanted = bytes < MemoryPool::kAlignment ? MemoryPool::kAlignment : bytes;
  const size_t step = std::max(std::bit_floor(wanted) / 8, MemoryPool::kAlignment);
  return (wanted + step - 1) / step * step;
}

constexpr size_t kLargest = size_t{1} << 62;

}  // namespace

MemoryPool::~MemoryPool() {
  for (const Block& block : idle_) free(block.data);
}

MemoryPool::Block MemoryPool::Acquire(size_t bytes) {
  if (bytes > kLargest) return {};
  const size_t capacity = RoundUp(bytes);
  std::lock_guard lock(mutex_);
  // A block more than twice as large would starve whoever needs it.
  for (size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i].capacity < capacity || idle_[i].capacity / 2 > capacity) continue;
    const Block block = idle_[i];
    idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(i));
    return block;
  }
  if (!MakeRoom(capacity)) return {};
  void* data = aligned_alloc(kAlignment, capacity);
  if (data == nullptr) return {};
  bytes_ += capacity;
  ++allocations_;
  return {data, capacity};
}

void MemoryPool::Release(Block block) {
  if (block.data == nullptr) return;
  std::lock_guard lock(mutex_);
  idle_.push_back(block);
}

bool MemoryPool::MakeRoom(size_t capacity) {
  if (limit_bytes_ == 0) return true;
  while (bytes_ + capacity > limit_bytes_ && !idle_.empty()) Discard(0);
  return bytes_ + capacity <= limit_bytes_;
}

void MemoryPool::Discard(size_t index) {
  free(idle_[index].data);
  bytes_ -= idle_[index].capacity;
  idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(index));
}

uint64_t MemoryPool::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

uint64_t MemoryPool::allocations() const {
  std::lock_guard lock(mutex_);
  return allocations_;
}

}  // namespace stallpoint
