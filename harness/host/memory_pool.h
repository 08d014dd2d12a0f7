// Host memory in blocks that are used again: batch buffers, worker arenas, what plugins ask the host for.
//
// A fresh block above glibc's mmap threshold costs thousands of page faults at every batch, so blocks go back to the
// pool and are never zeroed. All blocks together stay under the run's host limit. Any thread may call; a block belongs
// to whoever acquired it until it is released.
#ifndef STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_
#define STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace stallpoint {

class MemoryPool {
 public:
  static constexpr size_t kAlignment = 64;

  struct Block {
    void* data = nullptr;  // null: none
    size_t capacity = 0;
  };

  // `limit_bytes` 0: unlimited.
  explicit MemoryPool(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  // REQUIRES: every block was released.
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // A block of at least `bytes`, aligned to 64, its content undefined; `data` is null when the limit or the machine's
  // memory is reached.
  Block Acquire(size_t bytes);
  void Release(Block block);

  // Bytes handed out and kept for later, and how many blocks were ever made.
  uint64_t bytes() const;
  uint64_t allocations() const;
  uint64_t limit_bytes() const { return limit_bytes_; }

 private:
  bool MakeRoom(size_t capacity);
  void Discard(size_t index);

  const uint64_t limit_bytes_;
  mutable std::mutex mutex_;
  std::vector<Block> idle_;  // most recently used last: its pages are warm
  uint64_t bytes_ = 0;
  uint64_t allocations_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_MEMORY_POOL_H_
