// Brings the spans of one row into the order of a drawn timeline: strictly nested, parents before children.
//
// Traces hold spans in the order of their ends, and a parent ends after its children: they are held back until no
// parent can be expected, at most kHeld of them. What cannot nest (a parent that came too late, spans that cross) goes
// to a further lane. One thread at a time.
#ifndef STALLPOINT_TRACES_EXPORT_SLICE_NESTER_H_
#define STALLPOINT_TRACES_EXPORT_SLICE_NESTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "traces/export/slice.h"

namespace stallpoint {

class SliceNester {
 public:
  static constexpr size_t kHeld = 1 << 16;
  static constexpr size_t kLanes = 32;

  // Where nested slices go. Lane 0 is the row itself.
  class Lanes {
   public:
    virtual ~Lanes() = default;
    virtual void Begin(size_t lane, const Slice& slice) = 0;
    virtual void End(size_t lane, const Slice& slice) = 0;
  };

  // REQUIRES: slice.begin_ns <= slice.end_ns.
  void Add(const Slice& slice, Lanes& lanes);
  void Finish(Lanes& lanes);

  // Slices that found no lane.
  uint64_t left_out() const { return left_out_; }

 private:
  struct Lane {
    std::vector<Slice> open;
    int64_t closed_until_ns = 0;  // no slice may begin before
  };

  void Sort();
  // Draws the first `count` held slices, which must be sorted, and closes them.
  void Draw(size_t count, Lanes& lanes);
  static void CloseUntil(size_t index, Lane& lane, int64_t time_ns, Lanes& lanes);

  std::vector<Slice> held_;  // in the order of arrival
  std::vector<Lane> lanes_;
  uint64_t left_out_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_SLICE_NESTER_H_
