#include "harness/record/chunk_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/record/clock.h"

namespace stallpoint {
namespace {

constexpr uint64_t kSegmentBytes = 8 << 20;
constexpr uint64_t kChunkBytes = 512 << 10;
constexpr size_t kBlockSpans = 4096;
constexpr int64_t kLongestSilenceNs = 500'000'000;

// Upper estimates of what an event takes in a chunk, for ordinary values.
constexpr uint64_t kSpanBytes = 16, kCostBytes = 40, kLinkedBytes = 28, kCounterBytes = 16, kRowBytes = 32,
                   kLogBytes = 24, kAllocationBytes = 20;

// Series ids that the recorder gives itself, one per track; those of Definitions count from 1 and stay far below.
constexpr uint32_t kHeartbeatSeries = 1u << 31;

uint64_t ThreadCpuNs() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
}

}  // namespace

ChunkStream::ChunkStream(std::unique_ptr<TraceWriter> writer, trace::SegmentStart identity, Definitions* definitions)
    : writer_(std::move(writer)), definitions_(definitions), identity_(std::move(identity)) {
  previous_snapshot_ = snapshot_ = TakeClockSnapshot();
}

void ChunkStream::UpdateRun(const std::function<void(trace::Run&)>& change) {
  const std::lock_guard lock(mutex_);
  change(*identity_.mutable_run());
  segment_due_ = true;
}

trace::Accounting ChunkStream::accounting() const {
  const std::lock_guard lock(mutex_);
  return accounting_;
}

absl::Status ChunkStream::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void ChunkStream::Begin() {
  previous_snapshot_ = std::exchange(snapshot_, TakeClockSnapshot());
  StartSegment();
  *chunk_.add_clock_snapshots() = snapshot_;
}

void ChunkStream::StartSegment() {
  const std::lock_guard lock(mutex_);
  if (segment_ >= 0 && !segment_due_ && writer_->bytes_written() - segment_begin_bytes_ < kSegmentBytes) return;
  segment_due_ = false;
  segment_begin_bytes_ = writer_->bytes_written();
  identity_.set_segment_index(static_cast<uint32_t>(++segment_));
  *chunk_.mutable_segment_start() = identity_;
  // A reader that starts here needs a time before the first span.
  *chunk_.add_clock_snapshots() = previous_snapshot_;
  definitions_->BeginSegment();
}

void ChunkStream::DefineTrack(RecordedTrack& track) {
  if (track.segment_written == segment_) return;
  track.segment_written = segment_;
  if (track.definition.device_id() != 0) definitions_->DefineDevice(track.definition.device_id(), &chunk_);
  *chunk_.add_tracks() = track.definition;
}

void ChunkStream::Add(const PendingEvents& pending) {
  if (pending.batches.batch_size() > 0) {
    for (const uint32_t shape_id : pending.batches.shape_id()) definitions_->DefineName(shape_id, &chunk_);
    *chunk_.mutable_batches() = pending.batches;
  }
  if (pending.iterations.iteration_size() > 0) *chunk_.mutable_iterations() = pending.iterations;
  chunk_bytes_ += kRowBytes * static_cast<uint64_t>(pending.batches.batch_size() + pending.iterations.iteration_size());
  for (const trace::PhaseChange& phase : pending.phases) *chunk_.add_phases() = phase;
  for (const PendingEvents::CounterValue& counter : pending.counters) {
    AddCounter(counter.series_id, counter.ticks, counter.value);
  }
  for (const trace::LogLine& line : pending.log_lines) {
    *chunk_.add_log_lines() = line;
    CountEvents(1, kLogBytes + line.text().size());
  }
  AddAllocations(pending.allocations);
  CountDrops(pending.dropped);
  set_aside_ += pending.set_aside;
  if (pending.rows_dropped > 0) {
    trace::LogLine* line = chunk_.add_log_lines();
    line->set_ticks(Ticks());
    line->set_severity(1);
    line->set_text(std::to_string(pending.rows_dropped) +
                   " batches, iterations or phases were not recorded: the disk did not keep up");
    CountEvents(1, kLogBytes + line->text().size());
  }
}

void ChunkStream::AddAllocations(const std::vector<PendingEvents::Allocation>& allocations) {
  uint64_t ticks = 0, held_bytes = 0;
  for (const PendingEvents::Allocation& row : allocations) {
    definitions_->DefineName(row.allocator_id, &chunk_);
    const bool begins = !chunk_.has_memory();
    trace::MemoryBlock& block = *chunk_.mutable_memory();
    if (begins) {
      block.set_base_ticks(row.ticks);
      ticks = row.ticks;
      held_bytes = 0;
    }
    block.add_ticks_delta(static_cast<int64_t>(row.ticks - std::exchange(ticks, row.ticks)));
    block.add_address(row.address);
    block.add_bytes(row.bytes);
    block.add_allocator_id(row.allocator_id);
    block.add_held_delta(static_cast<int64_t>(row.held_bytes - std::exchange(held_bytes, row.held_bytes)));
    CountEvents(1, kAllocationBytes);
  }
}

double ChunkStream::Drain(RecordedTrack& track) {
  DefineTrack(track);
  EventRing& ring = track.log->ring();
  const uint64_t drops = ring.dropped();
  CountDrops(drops - std::exchange(track.drops_counted, drops));
  const uint64_t slots = ring.Drain([&](const EventSlot& event, const CostSlot* cost) {
    if (event.kind == EventKind::kCounter) {
      AddCounter(event.id, event.counter.ticks, event.counter.value);
      return;
    }
    if (event.span.end_ticks < event.span.begin_ticks || event.span.end_ticks - event.span.begin_ticks > INT64_MAX) {
      ++set_aside_;
      CountDrops(1);
      return;
    }
    const RecordedSpan span = {event.id, event.span.begin_ticks, event.span.end_ticks, event.span.batch};
    if (cost) {
      costs_.push_back({span, *cost, event.storage_units * kStorageUnit});
    } else {
      spans_.push_back(span);
    }
    if (spans_.size() + costs_.size() == kBlockSpans) EncodeDrained(track);
  });
  EncodeDrained(track);
  AddHeartbeat(track);
  return ring.capacity() ? static_cast<double>(slots) / ring.capacity() : 0;
}

void ChunkStream::EncodeDrained(RecordedTrack& track) {
  for (const RecordedSpan& span : spans_) definitions_->DefineName(span.name_id, &chunk_);
  for (const RecordedCost& cost : costs_) definitions_->DefineName(cost.span.name_id, &chunk_);
  if (!spans_.empty()) EncodeSpans(track.definition.id(), spans_, chunk_.add_spans());
  if (!costs_.empty()) EncodeCosts(track.definition.id(), costs_, chunk_.add_spans());
  const size_t spans = spans_.size(), costs = costs_.size();
  spans_.clear();
  costs_.clear();
  CountEvents(spans + costs, kSpanBytes * spans + kCostBytes * costs);
}

void ChunkStream::AddLinkedSpans(std::vector<LinkedSpan>& spans) {
  const size_t given = spans.size();
  std::erase_if(spans, [](const LinkedSpan& span) {
    return span.end_ticks < span.begin_ticks || span.end_ticks - span.begin_ticks > INT64_MAX;
  });
  set_aside_ += given - spans.size();
  CountDrops(given - spans.size());
  std::stable_sort(spans.begin(), spans.end(),
                   [](const LinkedSpan& a, const LinkedSpan& b) { return a.track_id < b.track_id; });
  std::vector<LinkedSpan> block;
  for (size_t i = 0; i < spans.size(); ++i) {
    definitions_->DefineName(spans[i].name_id, &chunk_);
    block.push_back(spans[i]);
    const bool ends = i + 1 == spans.size() || spans[i + 1].track_id != spans[i].track_id;
    if (!ends && block.size() < kBlockSpans) continue;
    EncodeLinked(block, chunk_.add_spans());
    CountEvents(block.size(), kLinkedBytes * block.size());
    block.clear();
  }
}

void ChunkStream::AddHeartbeat(RecordedTrack& track) {
  const uint64_t count = track.log->heartbeats();
  if (count == track.heartbeats_written) return;
  track.heartbeats_written = count;
  const uint32_t series_id = kHeartbeatSeries | track.definition.id();
  if (std::exchange(track.heartbeat_segment, segment_) != segment_) {
    trace::SeriesDefinition* series = chunk_.add_series();
    series->set_id(series_id);
    series->set_name("heartbeat");
    series->set_unit("1");
    series->set_track_id(track.definition.id());
  }
  AddCounter(series_id, Ticks(), static_cast<double>(count));
}

void ChunkStream::AddCounter(uint32_t series_id, uint64_t ticks, double value) {
  if (series_id < kHeartbeatSeries) definitions_->DefineSeries(series_id, &chunk_);
  const auto [counter, added] = counters_.try_emplace(series_id);
  if (added) {
    counter->second = {chunk_.add_counters(), ticks};
    counter->second.block->set_series_id(series_id);
    counter->second.block->set_base_ticks(ticks);
  }
  counter->second.block->add_ticks_delta(
      static_cast<int64_t>(ticks - std::exchange(counter->second.last_ticks, ticks)));
  counter->second.block->add_value(value);
  CountEvents(1, kCounterBytes);
}

void ChunkStream::CountEvents(uint64_t events, uint64_t bytes) {
  chunk_events_ += events;
  chunk_bytes_ += bytes;
  if (chunk_bytes_ >= kChunkBytes) Write();
}

void ChunkStream::CountDrops(uint64_t events) { dropped_ += events; }

void ChunkStream::End() {
  const bool says_something = chunk_events_ > 0 || dropped_ > 0 || chunk_.has_segment_start() || chunk_.has_batches() ||
                              chunk_.has_iterations() || chunk_.phases_size() > 0 || chunk_.tracks_size() > 0;
  if (says_something || MonotonicNs() - last_write_ns_ >= kLongestSilenceNs) {
    Write();
  } else {
    chunk_.Clear();
  }
}

void ChunkStream::EndOfRun(trace::Outcome outcome, std::string_view message) {
  trace::RunEnd* end = chunk_.mutable_run_end();
  end->set_ticks(Ticks());
  end->set_outcome(outcome);
  end->set_message(std::string(message));
  Write();
  const absl::Status synced = writer_->Sync();
  const std::lock_guard lock(mutex_);
  status_.Update(synced);
}

void ChunkStream::Write() {
  trace::Accounting total = accounting();
  total.set_emitted(total.emitted() + chunk_events_ + dropped_);
  total.set_recorded(total.recorded() + chunk_events_);
  total.set_dropped(total.dropped() + dropped_);
  total.set_set_aside(total.set_aside() + set_aside_);
  total.set_recorder_cpu_ns(ThreadCpuNs());
  *chunk_.mutable_accounting() = total;
  const absl::Status written = writer_->Write(chunk_);
  if (!written.ok()) {
    total.set_recorded(total.recorded() - chunk_events_);
    total.set_dropped(total.dropped() + chunk_events_);
  }
  chunk_.Clear();
  counters_.clear();
  chunk_events_ = chunk_bytes_ = dropped_ = set_aside_ = 0;
  last_write_ns_ = MonotonicNs();
  const std::lock_guard lock(mutex_);
  accounting_ = total;
  status_.Update(written);
  // Definitions may have been lost with the chunk.
  if (!written.ok()) segment_due_ = true;
}

}  // namespace stallpoint
