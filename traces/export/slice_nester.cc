#include "traces/export/slice_nester.h"

#include <algorithm>

namespace stallpoint {

void SliceNester::Add(const Slice& slice, Lanes& lanes) {
  held_.push_back(slice);
  if (held_.size() < kHeld) return;
  Sort();
  // The newer half may still get a parent. Cut at a slice that no earlier one encloses.
  size_t cut = 0;
  int64_t end_ns = 0;
  for (size_t i = 0; i < held_.size() && (i < kHeld / 2 || cut == 0); ++i) {
    if (held_[i].begin_ns >= end_ns) cut = i;
    end_ns = std::max(end_ns, held_[i].end_ns);
  }
  Draw(cut > 0 ? cut : held_.size(), lanes);
}

void SliceNester::Finish(Lanes& lanes) {
  Sort();
  Draw(held_.size(), lanes);
}

void SliceNester::Sort() {
  // Of slices with equal times the one that came later encloses the other.
  std::reverse(held_.begin(), held_.end());
  std::stable_sort(held_.begin(), held_.end(), [](const Slice& a, const Slice& b) {
    return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
  });
}

void SliceNester::Draw(size_t count, Lanes& lanes) {
  for (size_t i = 0; i < count; ++i) {
    const Slice& slice = held_[i];
    size_t index = 0;
    for (; index < kLanes; ++index) {
      if (index == lanes_.size()) lanes_.emplace_back();
      Lane& lane = lanes_[index];
      CloseUntil(index, lane, slice.begin_ns, lanes);
      const bool fits =
          lane.open.empty() ? slice.begin_ns >= lane.closed_until_ns : slice.end_ns <= lane.open.back().end_ns;
      if (fits) break;
    }
    if (index == kLanes) {
      ++left_out_;
      continue;
    }
    lanes.Begin(index, slice);
    lanes_[index].open.push_back(slice);
  }
  for (size_t index = 0; index < lanes_.size(); ++index) CloseUntil(index, lanes_[index], INT64_MAX, lanes);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
  std::reverse(held_.begin(), held_.end());
}

void SliceNester::CloseUntil(size_t index, Lane& lane, int64_t time_ns, Lanes& lanes) {
  while (!lane.open.empty() && lane.open.back().end_ns <= time_ns) {
    lanes.End(index, lane.open.back());
    lane.closed_until_ns = std::max(lane.closed_until_ns, lane.open.back().end_ns);
    lane.open.pop_back();
  }
}

}  // namespace stallpoint
