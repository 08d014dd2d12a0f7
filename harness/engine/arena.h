// Memory of one worker for the samples of one batch: handed out in a row, taken back all at once.
//
// From the second batch on it is one block as large as the largest batch so far, and makes no allocation any more. One
// thread.
#ifndef STALLPOINT_HARNESS_ENGINE_ARENA_H_
#define STALLPOINT_HARNESS_ENGINE_ARENA_H_

#include <cstdint>
#include <vector>

#include "harness/host/memory_pool.h"
#include "stallpoint/abi/workload.h"

namespace stallpoint {

class Arena {
 public:
  explicit Arena(MemoryPool& pool);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Aligned to 64 bytes, not zeroed; null when the pool has no more.
  void* Alloc(uint64_t bytes);
  // Takes everything back.
  void Reset();

  const sp_arena& table() const { return table_; }
  // Bytes handed out since the last Reset.
  uint64_t used() const;

 private:
  MemoryPool& pool_;
  std::vector<MemoryPool::Block> blocks_;  // the last one is being handed out
  size_t used_ = 0;                        // of the last block
  size_t used_before_ = 0;                 // of the others
  size_t most_used_ = 0;                   // by one batch
  sp_arena table_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_ARENA_H_
