// Host memory in blocks that are used again: batch buffers, worker arenas, what plugins ask the host for.
//
// A fresh block above glibc's mmap threshold costs thousands of page faults at every batch, so blocks go back to the
// pool and are never zeroed. All blocks together stay under the run's host limit. Any thread may call; a block belongs
// to whoever acquired it until it is released.
#ifndef STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_
#define STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "traces/memory_blocks.h"

namespace stallpoint {

class MemoryPool {
 public:
  static constexpr size_t kAlignment = kLeastCapacity;

  struct Block {
    void* data = nullptr;  // null: none
    size_t capacity = 0;
  };

  // How blocks are shared. Capacities are so many to an octave, and an idle block serves a request that it is at most
  // so many times as large as.
  struct Sharing {
    size_t capacities_per_octave;
    size_t times_as_large;
  };
  // For batches of varying size.
  static constexpr Sharing kLoose = {kBatchCapacitiesPerOctave, 2};
  // For sizes that come again exactly.
  static constexpr Sharing kTight = {kTightCapacitiesPerOctave, 1};

  // `limit_bytes` 0: unlimited.
  explicit MemoryPool(uint64_t limit_bytes, Sharing sharing = kLoose) : limit_bytes_(limit_bytes), sharing_(sharing) {}
  // REQUIRES: every block was released.
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // A block of at least `bytes`, aligned to 64, its content undefined; `data` is null when the limit or the machine's
  // memory is reached.
  Block Acquire(size_t bytes);
  void Release(Block block);
  // As Release, for a size that will not be wanted again: back to the system.
  void Discard(Block block);

  // Bytes handed out and kept for later, and how many blocks were ever made.
  uint64_t bytes() const;
  uint64_t allocations() const;
  uint64_t limit_bytes() const { return limit_bytes_; }

 private:
  size_t CapacityFor(size_t bytes) const;
  bool MakeRoom(size_t capacity);
  void DiscardLargest();

  const uint64_t limit_bytes_;
  const Sharing sharing_;
  mutable std::mutex mutex_;
  std::map<size_t, std::vector<void*>> idle_;  // by capacity; most recently used last: its pages are warm
  uint64_t bytes_ = 0, idle_bytes_ = 0;
  uint64_t most_in_use_ = 0;
  uint64_t allocations_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_
