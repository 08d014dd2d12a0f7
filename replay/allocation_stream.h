// What a run asked its device's allocator for in its first steps, and the same at other batch sizes.
//
// A step allocates the same tensors in the same order whatever the batch; only their sizes differ. So the sequences of
// runs with two batch sizes, put beside each other, give the size of each block at any. Values; any thread. Bytes.
#ifndef STALLPOINT_REPLAY_ALLOCATION_STREAM_H_
#define STALLPOINT_REPLAY_ALLOCATION_STREAM_H_

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

#endif  // STALLPOINT_REPLAY_ALLOCATION_STREAM_H_
