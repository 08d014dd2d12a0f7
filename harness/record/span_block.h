// Turns recorded spans into the columns of a SpanBlock: deltas, so that a plain span takes a few bytes.
#ifndef STALLPOINT_HARNESS_RECORD_SPAN_BLOCK_H_
#define STALLPOINT_HARNESS_RECORD_SPAN_BLOCK_H_

#include <cstdint>
#include <vector>

#include "harness/record/event_ring.h"
#include "harness/record/linked_span.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

struct RecordedSpan {
  uint32_t name_id;
  uint64_t begin_ticks, end_ticks;  // end >= begin
  int64_t batch;                    // -1: none
};

struct RecordedCost {
  RecordedSpan span;
  CostSlot cost;
  uint64_t storage_bytes = 0;
};

// Fills `block`, which must be empty, oldest end first; the spans are put in that order. A column that says nothing for
// any of them stays empty: no batches, no samples, no bytes.
void EncodeSpans(uint32_t track_id, std::vector<RecordedSpan>& spans, trace::SpanBlock* block);
void EncodeCosts(uint32_t track_id, std::vector<RecordedCost>& costs, trace::SpanBlock* block);
// All of one track.
void EncodeLinked(std::vector<LinkedSpan>& spans, trace::SpanBlock* block);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_SPAN_BLOCK_H_
