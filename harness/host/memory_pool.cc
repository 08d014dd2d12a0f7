#include "harness/host/memory_pool.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace stallpoint {
namespace {

constexpr size_t kLargest = size_t{1} << 62;

void* TakeLast(std::vector<void*>* blocks) {
  void* data = blocks->back();
  blocks->pop_back();
  return data;
}

}  // namespace

MemoryPool::~MemoryPool() {
  for (const auto& [capacity, blocks] : idle_) {
    for (void* data : blocks) free(data);
  }
}

size_t MemoryPool::CapacityFor(size_t bytes) const { return PoolCapacity(bytes, sharing_.capacities_per_octave); }

MemoryPool::Block MemoryPool::Acquire(size_t bytes) {
  if (bytes > kLargest) return {};
  const size_t capacity = CapacityFor(bytes);
  std::lock_guard lock(mutex_);
  for (auto fitting = idle_.lower_bound(capacity);
       fitting != idle_.end() && fitting->first / sharing_.times_as_large <= capacity; ++fitting) {
    if (fitting->second.empty()) continue;
    idle_bytes_ -= fitting->first;
    most_in_use_ = std::max(most_in_use_, bytes_ - idle_bytes_);
    return {TakeLast(&fitting->second), fitting->first};
  }
  if (!MakeRoom(capacity)) return {};
  void* data = aligned_alloc(kAlignment, capacity);
  if (data == nullptr) return {};
  bytes_ += capacity;
  most_in_use_ = std::max(most_in_use_, bytes_ - idle_bytes_);
  ++allocations_;
  return {data, capacity};
}

void MemoryPool::Release(Block block) {
  if (block.data == nullptr) return;
  std::lock_guard lock(mutex_);
  idle_[block.capacity].push_back(block.data);
  idle_bytes_ += block.capacity;
}

void MemoryPool::Discard(Block block) {
  if (block.data == nullptr) return;
  free(block.data);
  std::lock_guard lock(mutex_);
  bytes_ -= block.capacity;
}

// Sizes that never come again must not pile up either.
bool MemoryPool::MakeRoom(size_t capacity) {
  while (idle_bytes_ > most_in_use_) DiscardLargest();
  if (limit_bytes_ == 0) return true;
  while (bytes_ + capacity > limit_bytes_ && idle_bytes_ > 0) DiscardLargest();
  return bytes_ + capacity <= limit_bytes_;
}

void MemoryPool::DiscardLargest() {
  const auto largest = std::prev(idle_.end());
  if (largest->second.empty()) {
    idle_.erase(largest);
    return;
  }
  free(TakeLast(&largest->second));
  bytes_ -= largest->first;
  idle_bytes_ -= largest->first;
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
