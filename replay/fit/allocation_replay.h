// Device memory of other batch sizes, by playing the recorded allocations, scaled, through the allocator that made
// them.
//
// What an allocator holds is no straight line of the batch: it rounds, it takes memory in segments, and it depends on
// the order in which blocks come and go. So from the recorded streams of two batch sizes follows the stream of any
// other (allocation_stream.h), and from that what is in use and what is held (device_allocators.h).
#ifndef STALLPOINT_REPLAY_FIT_ALLOCATION_REPLAY_H_
#define STALLPOINT_REPLAY_FIT_ALLOCATION_REPLAY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "replay/fit/allocation_stream.h"
#include "traces/run_record.h"

namespace stallpoint {

class AllocationReplay {
 public:
  using Memory = AllocatorPeaks;

  // From the first run and the one beside it whose batch size differs most. Null where nobody recorded allocations,
  // where all runs had one batch size, where the order of allocations differs between batch sizes, or where the replay
  // does not hold what the recorded allocator did to 1 %: it was told other rules than are known here.
  static std::shared_ptr<const AllocationReplay> Fit(absl::Span<const RunRecord* const> runs);

  // [any] Computed once for each batch size.
  Memory At(int64_t samples) const;
  // [any] The least memory of the device with which it runs, where that is less than what it would hold: caches are
  // given back when there is no more. To 1/64 of the difference. Takes a few replays, once for each batch size.
  double LeastAt(int64_t samples) const;

 private:
  AllocationReplay() = default;

  // Nothing: out of memory.
  std::optional<Memory> PlayAt(int64_t samples, uint64_t limit_bytes) const;

  AllocationStream shape_;
  std::vector<BlockSize> sizes_;  // of each block
  bool by_torch_ = false;

  mutable std::mutex mutex_;
  mutable std::map<int64_t, Memory> known_;
  mutable std::map<int64_t, double> least_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_ALLOCATION_REPLAY_H_
