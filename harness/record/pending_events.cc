#include "harness/record/pending_events.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/record/clock.h"
#include "harness/record/thread_log.h"

namespace stallpoint {
namespace {

constexpr int kMaxRows = 16'384;
constexpr size_t kMaxCounters = 65'536;
constexpr size_t kMaxAllocations = 1 << 18;
constexpr size_t kMaxLogLines = 4096;
constexpr size_t kMaxLogBytes = 4096;

template <typename Column>
auto ValueOrZero(const Column& column, int i) {
  return i < column.size() ? column.Get(i) : 0;
}

}  // namespace

void PendingQueue::AddBatches(const trace::BatchBlock& batches) {
  const std::lock_guard lock(mutex_);
  trace::BatchBlock& rows = pending_.batches;
  for (int i = 0; i < batches.batch_size(); ++i) {
    if (rows.batch_size() >= kMaxRows) {
      ++pending_.rows_dropped;
      continue;
    }
    rows.add_batch(batches.batch(i));
    rows.add_samples(ValueOrZero(batches.samples(), i));
    rows.add_bytes(ValueOrZero(batches.bytes(), i));
    rows.add_elements(ValueOrZero(batches.elements(), i));
    rows.add_epoch(ValueOrZero(batches.epoch(), i));
    rows.add_worker_index(ValueOrZero(batches.worker_index(), i));
    rows.add_shape_id(ValueOrZero(batches.shape_id(), i));
    rows.add_loader_id(ValueOrZero(batches.loader_id(), i));
  }
}

void PendingQueue::AddIteration(uint64_t iteration, double loss, bool has_loss, bool optimizer_stepped) {
  const std::lock_guard lock(mutex_);
  trace::IterationBlock& rows = pending_.iterations;
  if (rows.iteration_size() >= kMaxRows) {
    ++pending_.rows_dropped;
    return;
  }
  rows.add_iteration(iteration);
  rows.add_loss(loss);
  rows.add_has_loss(has_loss);
  rows.add_optimizer_stepped(optimizer_stepped);
}

void PendingQueue::AddPhase(trace::Phase phase) {
  const std::lock_guard lock(mutex_);
  if (phase == phase_) return;
  if (pending_.phases.size() >= kMaxRows) {
    ++pending_.rows_dropped;
    return;
  }
  phase_ = phase;
  trace::PhaseChange change;
  change.set_ticks(Ticks());
  change.set_phase(phase);
  pending_.phases.push_back(change);
}

void PendingQueue::AddLog(int severity, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (pending_.log_lines.size() >= kMaxLogLines) {
    ++pending_.dropped;
    return;
  }
  trace::LogLine& line = pending_.log_lines.emplace_back();
  line.set_ticks(Ticks());
  line.set_track_id(ThreadLog::Current() ? ThreadLog::Current()->track_id() : 0);
  line.set_severity(static_cast<uint32_t>(std::clamp(severity, 0, 2)));
  line.set_text(std::string(text.substr(0, kMaxLogBytes)));
}

void PendingQueue::AddCounter(uint32_t series_id, uint64_t ticks, double value) {
  const std::lock_guard lock(mutex_);
  if (pending_.counters.size() >= kMaxCounters) {
    ++pending_.dropped;
    return;
  }
  pending_.counters.push_back({series_id, ticks, value});
}

// The time is taken under the lock: rows are in order.
void PendingQueue::AddAllocation(uint32_t allocator_id, uint64_t address, int64_t bytes, uint64_t held_bytes) {
  const std::lock_guard lock(mutex_);
  if (pending_.allocations.size() >= kMaxAllocations) {
    ++pending_.dropped;
    return;
  }
  pending_.allocations.push_back({allocator_id, Ticks(), address, bytes, held_bytes});
}

void PendingQueue::AddLinkedSpans(absl::Span<const LinkedSpan> spans) {
  const std::lock_guard lock(mutex_);
  const size_t room = kMostLinkedSpans - pending_.linked_spans.size();
  const size_t taken = std::min(room, spans.size());
  pending_.linked_spans.insert(pending_.linked_spans.end(), spans.begin(), spans.begin() + taken);
  pending_.dropped += spans.size() - taken;
}

void PendingQueue::CountLost(uint64_t dropped, uint64_t set_aside) {
  const std::lock_guard lock(mutex_);
  pending_.dropped += dropped + set_aside;
  pending_.set_aside += set_aside;
}

PendingEvents PendingQueue::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pending_, PendingEvents());
}

}  // namespace stallpoint
