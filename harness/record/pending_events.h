// Rare events on their way to the recorder's thread: batches, iterations, phases, log lines, counter values of no
// thread, spans that were learned after the fact.
//
// Adding takes a lock that is never held while the disk is waited for. When the disk stalls, what goes beyond the
// bounds is dropped and counted.
#ifndef STALLPOINT_HARNESS_RECORD_PENDING_EVENTS_H_
#define STALLPOINT_HARNESS_RECORD_PENDING_EVENTS_H_

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "harness/record/linked_span.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

struct PendingEvents {
  struct CounterValue {
    uint32_t series_id;
    uint64_t ticks;
    double value;
  };

  struct Allocation {
    uint32_t allocator_id;  // a name
    uint64_t ticks;
    uint64_t address;
    int64_t bytes;
    uint64_t held_bytes;
  };

  trace::BatchBlock batches;
  trace::IterationBlock iterations;
  std::vector<trace::PhaseChange> phases;
  std::vector<trace::LogLine> log_lines;
  std::vector<CounterValue> counters;
  std::vector<Allocation> allocations;
  std::vector<LinkedSpan> linked_spans;
  uint64_t dropped = 0;       // log lines, counter values, allocations and linked spans, which the accounting covers
  uint64_t set_aside = 0;     // of these, those that cannot be
  uint64_t rows_dropped = 0;  // batches, iterations and phases, which it does not

  bool empty() const {
    return batches.batch_size() == 0 && iterations.iteration_size() == 0 && phases.empty() && log_lines.empty() &&
           counters.empty() && allocations.empty() && linked_spans.empty() && dropped == 0 && rows_dropped == 0;
  }
};

class PendingQueue {
 public:
  // [any]
  void AddBatches(const trace::BatchBlock& batches);
  void AddIteration(uint64_t iteration, double loss, bool has_loss, bool optimizer_stepped);
  void AddPhase(trace::Phase phase);  // a change to the phase that holds already is none
  void AddLog(int severity, std::string_view text);
  void AddCounter(uint32_t series_id, uint64_t ticks, double value);
  void AddAllocation(uint32_t allocator_id, uint64_t address, int64_t bytes, uint64_t held_bytes);
  void AddLinkedSpans(absl::Span<const LinkedSpan> spans);
  void CountLost(uint64_t dropped, uint64_t set_aside);

  // [recorder's thread] Everything added since the last call.
  PendingEvents Take();

 private:
  std::mutex mutex_;
  PendingEvents pending_;
  trace::Phase phase_ = trace::PHASE_UNSPECIFIED;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_PENDING_EVENTS_H_
