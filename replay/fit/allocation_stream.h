// What a run asked its device's allocator for in its first steps, and the same at other batch sizes.
//
// A step allocates the same tensors in the same order whatever the batch; only their sizes differ. So the sequences of
// runs with two batch sizes, put beside each other, give the size of each block at any. Values; any thread. Bytes.
#ifndef STALLPOINT_REPLAY_FIT_ALLOCATION_STREAM_H_
#define STALLPOINT_REPLAY_FIT_ALLOCATION_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "traces/run_record.h"

namespace stallpoint {

struct AllocationStream {
  // Allocates a block, numbered from 0 in the order of their appearance, or frees it.
  struct Op {
    uint32_t block = 0;
    bool frees = false;

    friend bool operator==(const Op&, const Op&) = default;
  };

  std::vector<Op> ops;
  std::vector<size_t> step_begins;  // of each whole step, its first op
  std::vector<double> bytes;        // of each block
  double most_held = 0;             // by the recorded allocator

  bool SameShapeAs(const AllocationStream& other) const { return ops == other.ops && step_begins == other.step_begins; }
};

// Up to the last whole step. Nothing where less than one was recorded.
std::optional<AllocationStream> StreamOf(const RunRecord& run);

// What an allocator has at the most, bytes.
struct AllocatorPeaks {
  double in_use = 0;  // by blocks, as large as the allocator makes them
  double held = 0;    // of the device
};

// Plays a stream through an allocator (one of device_allocators.h, or what answers to the same calls), a block as large
// as size_of(block). Nothing: it runs out of memory.
template <typename Allocator, typename SizeOf>
std::optional<AllocatorPeaks> Play(Allocator&& allocator, const AllocationStream& stream, SizeOf size_of) {
  uint64_t in_use = 0, held = 0;
  for (const AllocationStream::Op& op : stream.ops) {
    if (op.frees) {
      allocator.Free(op.block);
      continue;
    }
    if (!allocator.Allocate(op.block, size_of(op.block))) return std::nullopt;
    in_use = std::max<uint64_t>(in_use, allocator.in_use());
    held = std::max<uint64_t>(held, allocator.held());
  }
  return AllocatorPeaks{static_cast<double>(in_use), static_cast<double>(held)};
}

// The least limit with which a stream of these peaks has enough, to 1/64 of what lies between them.
// `has_enough(limit_bytes)`: whether it plays to its end.
template <typename HasEnough>
double LeastLimit(const AllocatorPeaks& peaks, HasEnough has_enough) {
  double too_little = peaks.in_use, enough = peaks.held;
  for (int halving = 0; halving < 6 && enough > too_little; ++halving) {
    const double limit = (too_little + enough) / 2;
    (has_enough(static_cast<uint64_t>(limit)) ? enough : too_little) = limit;
  }
  return enough;
}

// The size of a block at any batch size.
class BlockSize {
 public:
  // From what it was at two batch sizes. Either may be up to `slack` larger than what was asked for: so it is
  // proportional to the batch or the same at each, whichever fits better, if one does, and else a straight line.
  BlockSize(double bytes_a, double samples_a, double bytes_b, double samples_b, double slack);

  // At least one byte.
  uint64_t At(int64_t samples) const;

 private:
  double fixed_ = 0, per_sample_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_ALLOCATION_STREAM_H_
