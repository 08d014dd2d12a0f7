#include "traces/event_decoder.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace stallpoint {
namespace {

// Columns that have an entry for every row, or none at all; a column of another length is as good as absent.
template <typename Column>
uint64_t At(const Column& column, int row, int rows) {
  return column.size() == rows ? static_cast<uint64_t>(column.Get(row)) : 0;
}

// Running sum of a delta column; wraps, as hostile deltas may.
template <typename Column>
class DeltaColumn {
 public:
  DeltaColumn(const Column& column, int rows) : column_(column), present_(column.size() == rows) {}
  uint64_t Next(int row) { return present_ ? sum_ += static_cast<uint64_t>(column_.Get(row)) : 0; }

 private:
  const Column& column_;
  const bool present_;
  uint64_t sum_ = 0;
};

// Stored as value + 1; 0 and what is no index mean none.
int64_t IndexOrNone(uint64_t stored) {
  return stored == 0 || stored > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
             ? -1
             : static_cast<int64_t>(stored - 1);
}

}  // namespace

struct EventDecoder::Target {
  Writer& writer;
  EventSource source;
  TraceVisitor& visitor;
  uint64_t unknown_ids = 0;
  uint64_t set_aside = 0;
};

void EventDecoder::LearnClocks(const trace::Chunk& chunk, const TraceReader::Origin& origin) {
  Writer& writer = writers_[origin.writer_id];
  if (origin.segment != nullptr && writer.run_id == 0) {
    writer.run_id = origin.segment->run_id();
    writer.clock.SetNominalRate(origin.segment->host().ticks_per_second());
  }
  for (const trace::ClockSnapshot& snapshot : chunk.clock_snapshots()) {
    if (writer.first_snapshot.ticks() == 0) writer.first_snapshot = snapshot;
    writer.clock.Add(snapshot.ticks(), snapshot.monotonic_ns());
  }
}

void EventDecoder::SealClocks() {
  for (auto& [id, writer] : writers_) writer.clock.Seal();
}

const trace::ClockSnapshot* EventDecoder::FirstSnapshotOfRun(uint64_t run_id) const {
  const trace::ClockSnapshot* first = nullptr;
  for (const auto& [id, writer] : writers_) {
    const trace::ClockSnapshot& snapshot = writer.first_snapshot;
    if (writer.run_id != run_id || snapshot.ticks() == 0) continue;
    if (first == nullptr || snapshot.monotonic_ns() < first->monotonic_ns()) first = &snapshot;
  }
  return first;
}

void EventDecoder::Decode(const trace::Chunk& chunk, const TraceReader::Origin& origin, TraceVisitor& visitor) {
  Writer& writer = writers_[origin.writer_id];
  const uint64_t run_id = origin.segment != nullptr ? origin.segment->run_id() : writer.run_id;
  Target target = {writer, {run_id, origin.writer_id}, visitor};
  const ClockMap& clock = writer.clock;

  // A segment whose start was lost has no ids of the one before.
  if (chunk.has_segment_start() || origin.segment_index != writer.scope.segment_index) {
    writer.scope = Scope();
    writer.scope.segment_index = origin.segment_index;
  }
  if (chunk.has_segment_start()) {
    visitor.OnSegment(target.source, chunk.segment_start());
  }
  Define(chunk, target);
  for (const trace::PhaseChange& change : chunk.phases()) {
    if (auto time = clock.ToNs(change.ticks())) {
      visitor.OnPhase(target.source, change.phase(), *time);
    } else {
      ++target.set_aside;
    }
  }
  DecodeBatches(chunk.batches(), target);
  for (const trace::SpanBlock& block : chunk.spans()) DecodeSpans(block, target);
  DecodeIterations(chunk.iterations(), target);
  for (const trace::CounterBlock& block : chunk.counters()) DecodeCounters(block, target);
  DecodeAllocations(chunk.memory(), target);
  for (const trace::Marker& marker : chunk.markers()) {
    const EventName* name = FindName(marker.name_id(), target).name;
    const Track* track = FindTrack(marker.track_id(), target);
    if (auto time = clock.ToNs(marker.ticks())) {
      visitor.OnMarker(target.source, *track, *name, *time);
    } else {
      ++target.set_aside;
    }
  }
  for (const trace::LogLine& line : chunk.log_lines()) {
    if (auto time = clock.ToNs(line.ticks())) {
      visitor.OnLog(target.source, line.severity(), line.text(), *time);
    } else {
      ++target.set_aside;
    }
  }
  if (chunk.has_accounting()) visitor.OnAccounting(target.source, chunk.accounting());
  if (chunk.has_run_end()) {
    visitor.OnRunEnd(target.source, chunk.run_end(), clock.ToNs(chunk.run_end().ticks()));
  }
  if (target.unknown_ids > 0) visitor.OnUnknownIds(target.source, target.unknown_ids);
  if (target.set_aside > 0) visitor.OnSetAside(target.source, target.set_aside);
}

void EventDecoder::Define(const trace::Chunk& chunk, Target& target) {
  Scope& scope = target.writer.scope;
  for (const trace::StringDefinition& text : chunk.strings()) {
    if (text.id() != 0) scope.names[text.id()] = {InternName(text.value())};
  }
  for (const trace::DeviceDefinition& device : chunk.devices()) {
    scope.devices[device.id()] = {device.name().empty() ? device.kind() : device.name(), device.memory_bytes()};
  }
  for (const trace::TrackDefinition& defined : chunk.tracks()) {
    Track track;
    track.run_id = target.source.run_id;
    track.writer_id = target.source.writer_id;
    track.role = defined.role();
    track.name = defined.name();
    track.os_thread_id = defined.os_thread_id();
    track.worker_index = defined.worker_index();
    track.incarnation = defined.incarnation();
    if (defined.device_id() != 0) {
      auto device = scope.devices.find(defined.device_id());
      if (device != scope.devices.end()) {
        track.device = device->second.name;
        track.device_memory_bytes = device->second.memory_bytes;
      } else {
        ++target.unknown_ids;
      }
    }
    if (defined.id() != 0) scope.tracks[defined.id()] = InternTrack(std::move(track));
  }
  for (const trace::StageDefinition& stage : chunk.stages()) {
    auto name = scope.names.find(stage.name_id());
    if (name != scope.names.end()) {
      name->second.kind = stage.kind();
    } else {
      ++target.unknown_ids;
    }
  }
  for (const trace::SeriesDefinition& defined : chunk.series()) {
    const Track* track = defined.track_id() == 0 ? nullptr : FindTrack(defined.track_id(), target);
    if (defined.id() != 0) {
      scope.series[defined.id()] = InternSeries({0, defined.name(), defined.unit(), track}, target.source.run_id);
    }
  }
}

void EventDecoder::DecodeSpans(const trace::SpanBlock& block, Target& target) {
  const int named = block.name_id_size();
  const int rows = std::min({named, block.begin_delta_size(), block.duration_size()});
  target.set_aside += std::max({named, block.begin_delta_size(), block.duration_size()}) - rows;
  if (rows == 0) return;

  SpanEvent span;
  span.track = FindTrack(block.track_id(), target);
  const ClockMap& clock = target.writer.clock;
  uint64_t begin = block.base_ticks();
  DeltaColumn batch(block.batch_delta(), rows);
  DeltaColumn sample(block.sample_delta(), rows);
  for (int row = 0; row < rows; ++row) {
    begin += static_cast<uint64_t>(block.begin_delta(row));
    span.batch = IndexOrNone(batch.Next(row));
    span.sample = IndexOrNone(sample.Next(row));
    const int64_t duration = block.duration(row);
    uint64_t end = 0;
    const bool possible = duration >= 0 && !__builtin_add_overflow(begin, static_cast<uint64_t>(duration), &end);
    const auto begin_ns = possible ? clock.ToNs(begin) : std::nullopt;
    const auto end_ns = possible ? clock.ToNs(end) : std::nullopt;
    if (!begin_ns || !end_ns) {
      ++target.set_aside;
      continue;
    }
    span.begin_ns = *begin_ns;
    span.end_ns = *end_ns;
    span.cpu_ns = At(block.cpu_ns(), row, rows);
    span.run_queue_ns = At(block.run_queue_ns(), row, rows);
    span.bytes = At(block.bytes(), row, rows);
    span.storage_bytes = At(block.storage_bytes(), row, rows);
    span.correlation = At(block.correlation(), row, rows);
    const StageName found = FindName(block.name_id(row), target);
    span.name = found.name;
    span.kind = found.kind;
    target.visitor.OnSpan(target.source, span);
  }
}

void EventDecoder::DecodeCounters(const trace::CounterBlock& block, Target& target) {
  const int rows = std::min(block.ticks_delta_size(), block.value_size());
  target.set_aside += std::max(block.ticks_delta_size(), block.value_size()) - rows;
  if (rows == 0) return;
  auto found = target.writer.scope.series.find(block.series_id());
  if (found == target.writer.scope.series.end()) target.unknown_ids += rows;
  CounterEvent event;
  event.series = found != target.writer.scope.series.end()
                     ? found->second
                     : InternSeries({0, "unknown", "", nullptr}, target.source.run_id);
  uint64_t ticks = block.base_ticks();
  for (int row = 0; row < rows; ++row) {
    ticks += static_cast<uint64_t>(block.ticks_delta(row));
    const auto time = target.writer.clock.ToNs(ticks);
    if (!time) {
      ++target.set_aside;
      continue;
    }
    event.time_ns = *time;
    event.value = block.value(row);
    target.visitor.OnCounter(target.source, event);
  }
}

void EventDecoder::DecodeAllocations(const trace::MemoryBlock& block, Target& target) {
  const int rows = std::min({block.ticks_delta_size(), block.address_size(), block.bytes_size()});
  target.set_aside += std::max({block.ticks_delta_size(), block.address_size(), block.bytes_size()}) - rows;
  if (rows == 0) return;
  AllocationEvent event;
  uint64_t ticks = block.base_ticks();
  DeltaColumn held(block.held_delta(), rows);
  for (int row = 0; row < rows; ++row) {
    ticks += static_cast<uint64_t>(block.ticks_delta(row));
    event.held_bytes = held.Next(row);
    const auto time = target.writer.clock.ToNs(ticks);
    if (!time) {
      ++target.set_aside;
      continue;
    }
    event.time_ns = *time;
    event.address = block.address(row);
    event.bytes = block.bytes(row);
    event.allocator = FindName(static_cast<uint32_t>(At(block.allocator_id(), row, rows)), target).name;
    target.visitor.OnAllocation(target.source, event);
  }
}

void EventDecoder::DecodeBatches(const trace::BatchBlock& block, Target& target) {
  const int rows = block.batch_size();
  for (int row = 0; row < rows; ++row) {
    BatchEvent event;
    event.batch = block.batch(row);
    event.samples = static_cast<uint32_t>(At(block.samples(), row, rows));
    event.bytes = At(block.bytes(), row, rows);
    event.epoch = static_cast<uint32_t>(At(block.epoch(), row, rows));
    event.worker_index = static_cast<uint32_t>(At(block.worker_index(), row, rows));
    target.visitor.OnBatch(target.source, event);
  }
}

void EventDecoder::DecodeIterations(const trace::IterationBlock& block, Target& target) {
  const int rows = block.iteration_size();
  for (int row = 0; row < rows; ++row) {
    IterationEvent event;
    event.iteration = block.iteration(row);
    if (At(block.has_loss(), row, rows) != 0 && block.loss_size() == rows) event.loss = block.loss(row);
    target.visitor.OnIteration(target.source, event);
  }
}

const EventName* EventDecoder::InternName(std::string_view text) {
  auto found = names_by_text_.find(text);
  if (found != names_by_text_.end()) return found->second;
  names_.push_back({static_cast<uint32_t>(names_.size()), std::string(text)});
  names_by_text_.emplace(names_.back().text, &names_.back());
  return &names_.back();
}

const Track* EventDecoder::InternTrack(Track track) {
  TrackKey key = {track.run_id,       track.writer_id,    track.role,        track.name,
                  track.os_thread_id, track.worker_index, track.incarnation, track.device};
  auto [found, added] = tracks_by_key_.try_emplace(std::move(key), nullptr);
  if (added) {
    track.index = static_cast<uint32_t>(tracks_.size());
    tracks_.push_back(std::move(track));
    found->second = &tracks_.back();
  }
  return found->second;
}

const Series* EventDecoder::InternSeries(Series series, uint64_t run_id) {
  auto [found, added] = series_by_key_.try_emplace(SeriesKey{run_id, series.name, series.unit, series.track}, nullptr);
  if (added) {
    series.index = static_cast<uint32_t>(series_.size());
    series_.push_back(std::move(series));
    found->second = &series_.back();
  }
  return found->second;
}

EventDecoder::StageName EventDecoder::FindName(uint32_t id, Target& target) {
  auto found = target.writer.scope.names.find(id);
  if (found != target.writer.scope.names.end()) return found->second;
  ++target.unknown_ids;
  return {InternName("unknown")};
}

const Track* EventDecoder::FindTrack(uint32_t id, Target& target) {
  auto found = target.writer.scope.tracks.find(id);
  if (found != target.writer.scope.tracks.end()) return found->second;
  if (id != 0) ++target.unknown_ids;
  Track other;
  other.run_id = target.source.run_id;
  other.writer_id = target.source.writer_id;
  other.name = id == 0 ? "process" : "unknown";
  return InternTrack(std::move(other));
}

}  // namespace stallpoint
