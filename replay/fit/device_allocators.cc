#include "replay/fit/device_allocators.h"

#include <algorithm>
#include <iterator>

#include "traces/memory_blocks.h"

namespace stallpoint {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Of LibTorch's allocator.
constexpr uint64_t kUnit = 512;                 // block sizes are multiples of it
constexpr uint64_t kLargestSmall = kMiB;        // up to which blocks come from small segments
constexpr uint64_t kSmallSegment = 2 * kMiB;    // which are of this size
constexpr uint64_t kSharedSegment = 20 * kMiB;  // large segments for blocks below kOwnSegment
constexpr uint64_t kOwnSegment = 10 * kMiB;     // from which on a block gets a segment
constexpr uint64_t kSegmentUnit = 2 * kMiB;     // of a size rounded up to this

uint64_t RoundUp(uint64_t bytes, uint64_t unit) { return (bytes + unit - 1) / unit * unit; }

uint64_t SegmentFor(uint64_t bytes) {
  if (bytes <= kLargestSmall) return kSmallSegment;
  if (bytes < kOwnSegment) return kSharedSegment;
  return RoundUp(bytes, kSegmentUnit);
}

template <typename Value>
Value& At(std::vector<Value>& values, uint32_t index) {
  if (index >= values.size()) values.resize(index + size_t{1});
  return values[index];
}

}  // namespace

bool TorchAllocator::Allocate(uint32_t block, uint64_t bytes) {
  if (bytes > limit_bytes_) return false;
  bytes = RoundUp(std::max(bytes, kUnit), kUnit);
  const bool small = bytes <= kLargestSmall;
  uint32_t part = TakeIdle(small, bytes);
  if (part == kNone) part = NewSegment(small, SegmentFor(bytes));
  if (part == kNone) {
    ReleaseWholeSegments();
    part = NewSegment(small, SegmentFor(bytes));
  }
  if (part == kNone) return false;
  const uint64_t rest = parts_[part].bytes - bytes;
  if (small ? rest >= kUnit : rest > kLargestSmall) Split(part, bytes);
  parts_[part].in_use = true;
  in_use_ += parts_[part].bytes;
  At(part_of_block_, block) = part;
  return true;
}

void TorchAllocator::Free(uint32_t block) {
  uint32_t part = part_of_block_[block];
  in_use_ -= parts_[part].bytes;
  parts_[part].in_use = false;
  if (const uint32_t before = parts_[part].before; before != kNone && !parts_[before].in_use) {
    idle(parts_[before].small).erase({parts_[before].bytes, parts_[before].address, before});
    Join(before, part);
    part = before;
  }
  if (const uint32_t after = parts_[part].after; after != kNone && !parts_[after].in_use) {
    idle(parts_[after].small).erase({parts_[after].bytes, parts_[after].address, after});
    Join(part, after);
  }
  idle(parts_[part].small).insert({parts_[part].bytes, parts_[part].address, part});
}

uint32_t TorchAllocator::TakeIdle(bool small, uint64_t bytes) {
  const auto fitting = idle(small).lower_bound({bytes, 0, 0});
  if (fitting == idle(small).end()) return kNone;
  const uint32_t part = fitting->part;
  idle(small).erase(fitting);
  return part;
}

uint32_t TorchAllocator::NewSegment(bool small, uint64_t bytes) {
  if (bytes > limit_bytes_ || held_ > limit_bytes_ - bytes) return kNone;
  Part segment;
  segment.address = next_address_;
  segment.bytes = bytes;
  segment.small = small;
  next_address_ += bytes;
  held_ += bytes;
  return NewPart(segment);
}

void TorchAllocator::ReleaseWholeSegments() {
  for (absl::btree_set<Idle>& idle : idle_) {
    for (auto at = idle.begin(); at != idle.end();) {
      const Part& part = parts_[at->part];
      if (part.before != kNone || part.after != kNone) {
        ++at;
        continue;
      }
      held_ -= part.bytes;
      retired_.push_back(at->part);
      at = idle.erase(at);
    }
  }
}

void TorchAllocator::Split(uint32_t part, uint64_t bytes) {
  Part rest = parts_[part];
  rest.address += bytes;
  rest.bytes -= bytes;
  rest.before = part;
  const uint32_t index = NewPart(rest);
  if (rest.after != kNone) parts_[rest.after].before = index;
  parts_[part].bytes = bytes;
  parts_[part].after = index;
  idle(rest.small).insert({rest.bytes, rest.address, index});
}

void TorchAllocator::Join(uint32_t part, uint32_t after) {
  parts_[part].bytes += parts_[after].bytes;
  parts_[part].after = parts_[after].after;
  if (parts_[part].after != kNone) parts_[parts_[part].after].before = part;
  retired_.push_back(after);
}

uint32_t TorchAllocator::NewPart(const Part& part) {
  if (retired_.empty()) {
    parts_.push_back(part);
    return static_cast<uint32_t>(parts_.size() - 1);
  }
  const uint32_t index = retired_.back();
  retired_.pop_back();
  parts_[index] = part;
  return index;
}

bool PoolAllocator::Allocate(uint32_t block, uint64_t bytes) {
  if (bytes > limit_bytes_) return false;
  const uint64_t capacity = PoolCapacity(bytes, kTightCapacitiesPerOctave);
  if (const auto same = idle_.find(capacity); same != idle_.end()) {
    if (--same->second == 0) idle_.erase(same);
    idle_bytes_ -= capacity;
  } else {
    while (idle_bytes_ > most_in_use_) DiscardLargest();
    while (held_ + capacity > limit_bytes_ && idle_bytes_ > 0) DiscardLargest();
    if (held_ + capacity > limit_bytes_) return false;
    held_ += capacity;
  }
  most_in_use_ = std::max(most_in_use_, in_use());
  At(capacity_of_block_, block) = capacity;
  return true;
}

void PoolAllocator::Free(uint32_t block) {
  const uint64_t capacity = capacity_of_block_[block];
  ++idle_[capacity];
  idle_bytes_ += capacity;
}

void PoolAllocator::DiscardLargest() {
  const auto largest = std::prev(idle_.end());
  held_ -= largest->first;
  idle_bytes_ -= largest->first;
  if (--largest->second == 0) idle_.erase(largest);
}

}  // namespace stallpoint
