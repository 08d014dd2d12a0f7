#include "harness/record/span_block.h"

#include <algorithm>

namespace stallpoint {
namespace {

const RecordedSpan& SpanOf(const RecordedSpan& span) { return span; }
const RecordedSpan& SpanOf(const RecordedCost& cost) { return cost.span; }
const LinkedSpan& SpanOf(const LinkedSpan& span) { return span; }

// Events of a thread come in the order in which they ended, but for those that it reports later.
template <typename Event>
void SortByEnd(std::vector<Event>& events) {
  const auto ends_before = [](const Event& a, const Event& b) { return SpanOf(a).end_ticks < SpanOf(b).end_ticks; };
  if (!std::is_sorted(events.begin(), events.end(), ends_before)) {
    std::stable_sort(events.begin(), events.end(), ends_before);
  }
}

// Value + 1 as a delta from the previous one; `none` (-1) is 0. Wraps: a reader's sum wraps back.
class OptionalDelta {
 public:
  int64_t Next(int64_t value) {
    const uint64_t stored = static_cast<uint64_t>(value) + 1;
    const int64_t delta = static_cast<int64_t>(stored - previous_);
    previous_ = stored;
    return delta;
  }

 private:
  uint64_t previous_ = 0;
};

template <typename Event>
void EncodeTimes(uint32_t track_id, std::vector<Event>& events, trace::SpanBlock* block) {
  SortByEnd(events);
  const int count = static_cast<int>(events.size());
  block->set_track_id(track_id);
  uint64_t previous_begin = SpanOf(events.front()).begin_ticks;
  block->set_base_ticks(previous_begin);
  block->mutable_name_id()->Reserve(count);
  block->mutable_begin_delta()->Reserve(count);
  block->mutable_duration()->Reserve(count);
  bool any_batch = false;
  for (const Event& event : events) {
    const auto& span = SpanOf(event);
    block->add_name_id(span.name_id);
    block->add_begin_delta(static_cast<int64_t>(span.begin_ticks - previous_begin));
    block->add_duration(static_cast<int64_t>(span.end_ticks - span.begin_ticks));
    previous_begin = span.begin_ticks;
    any_batch |= span.batch >= 0;
  }
  if (!any_batch) return;
  block->mutable_batch_delta()->Reserve(count);
  OptionalDelta batch;
  for (const Event& event : events) block->add_batch_delta(batch.Next(SpanOf(event).batch));
}

}  // namespace

void EncodeSpans(uint32_t track_id, std::vector<RecordedSpan>& spans, trace::SpanBlock* block) {
  EncodeTimes(track_id, spans, block);
}

void EncodeCosts(uint32_t track_id, std::vector<RecordedCost>& costs, trace::SpanBlock* block) {
  EncodeTimes(track_id, costs, block);
  bool any_sample = false, any_bytes = false, any_storage = false;
  for (const RecordedCost& event : costs) {
    block->add_cpu_ns(event.cost.cpu_ns);
    block->add_run_queue_ns(event.cost.run_queue_ns);
    any_sample |= event.cost.sample >= 0;
    any_bytes |= event.cost.bytes > 0;
    any_storage |= event.storage_bytes > 0;
  }
  OptionalDelta sample;
  for (const RecordedCost& event : costs) {
    if (any_sample) block->add_sample_delta(sample.Next(event.cost.sample));
    if (any_bytes) block->add_bytes(event.cost.bytes);
    if (any_storage) block->add_storage_bytes(event.storage_bytes);
  }
}

void EncodeLinked(std::vector<LinkedSpan>& spans, trace::SpanBlock* block) {
  EncodeTimes(spans.front().track_id, spans, block);
  bool any_correlation = false, any_bytes = false;
  for (const LinkedSpan& span : spans) {
    any_correlation |= span.correlation > 0;
    any_bytes |= span.bytes > 0;
  }
  for (const LinkedSpan& span : spans) {
    if (any_correlation) block->add_correlation(span.correlation);
    if (any_bytes) block->add_bytes(span.bytes);
  }
}

}  // namespace stallpoint
