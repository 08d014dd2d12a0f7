#include "traces/sequence_tracker.h"

#include <iterator>

namespace stallpoint {
namespace {

constexpr size_t kMaxRanges = 64;

}  // namespace

void SequenceTracker::Advance(uint64_t sequence, size_t label_of_missing) {
  if (sequence > next_) {
    missing_[next_] = {sequence - 1, label_of_missing};
    if (missing_.size() > kMaxRanges) missing_.erase(missing_.begin());
  }
  next_ = sequence + 1;
}

bool SequenceTracker::TakeMissing(uint64_t sequence, size_t* label) {
  const auto after = missing_.upper_bound(sequence);
  if (after == missing_.begin()) return false;
  const auto range = std::prev(after);
  const auto [last, range_label] = range->second;
  if (sequence > last) return false;
  *label = range_label;
  if (sequence < last) missing_[sequence + 1] = {last, range_label};
  if (sequence == range->first) {
    missing_.erase(range);
  } else {
    range->second.last = sequence - 1;
  }
  if (missing_.size() > kMaxRanges) missing_.erase(missing_.begin());
  return true;
}

}  // namespace stallpoint
