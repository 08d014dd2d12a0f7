// Allocators of device memory as they decide what to take from the device: no memory, only the account of it.
//
// Both answer to the same calls, with blocks numbered by the caller. One thread at a time. Bytes.
#ifndef STALLPOINT_REPLAY_FIT_DEVICE_ALLOCATORS_H_
#define STALLPOINT_REPLAY_FIT_DEVICE_ALLOCATORS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "absl/container/btree_set.h"

namespace stallpoint {

// More than any device has, and sums of it do not wrap.
inline constexpr uint64_t kNoLimit = uint64_t{1} << 62;

// LibTorch's caching allocator of a GPU (c10/cuda/CUDACachingAllocator.cpp) with one stream and its settings as they
// are unless told otherwise. Segments are taken from the device and split; the smallest idle block that is large enough
// serves; neighbours that are idle grow together; when there is no more, segments that are idle as a whole go back.
class TorchAllocator {
 public:
  // What it may hold.
  explicit TorchAllocator(uint64_t limit_bytes = kNoLimit) : limit_bytes_(limit_bytes) {}

  // False: out of memory.
  bool Allocate(uint32_t block, uint64_t bytes);
  void Free(uint32_t block);

  uint64_t in_use() const { return in_use_; }
  uint64_t held() const { return held_; }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  // A part of a segment. Parts of one segment are linked in the order of their addresses.
  struct Part {
    uint64_t address = 0, bytes = 0;
    uint32_t before = kNone, after = kNone;
    bool small = false;
    bool in_use = false;
  };
  struct Idle {
    uint64_t bytes, address;
    uint32_t part;

    friend auto operator<=>(const Idle&, const Idle&) = default;
  };

  uint32_t NewPart(const Part& part);
  uint32_t TakeIdle(bool small, uint64_t bytes);
  uint32_t NewSegment(bool small, uint64_t bytes);
  void ReleaseWholeSegments();
  void Split(uint32_t part, uint64_t bytes);
  void Join(uint32_t part, uint32_t after);
  absl::btree_set<Idle>& idle(bool small) { return idle_[small ? 1 : 0]; }

  const uint64_t limit_bytes_;
  std::vector<Part> parts_;
  std::vector<uint32_t> retired_;  // parts to use again
  absl::btree_set<Idle> idle_[2];
  std::vector<uint32_t> part_of_block_;
  uint64_t next_address_ = 1 << 21;
  uint64_t in_use_ = 0, held_ = 0;
};

// stallpoint's own of the `cpu` device: blocks of 64 sizes an octave, used again for the very same size; what is idle
// goes before more is taken than ever was in use at a time, and where a limit asks for it.
class PoolAllocator {
 public:
  explicit PoolAllocator(uint64_t limit_bytes = kNoLimit) : limit_bytes_(limit_bytes) {}

  bool Allocate(uint32_t block, uint64_t bytes);
  void Free(uint32_t block);

  uint64_t in_use() const { return held_ - idle_bytes_; }
  uint64_t held() const { return held_; }

 private:
  void DiscardLargest();

  const uint64_t limit_bytes_;
  std::map<uint64_t, size_t> idle_;  // how many blocks of each capacity
  std::vector<uint64_t> capacity_of_block_;
  uint64_t held_ = 0, idle_bytes_ = 0, most_in_use_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_DEVICE_ALLOCATORS_H_
