#include "traces/run_record_builder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "traces/outcome.h"
#include "traces/utf8.h"

namespace stallpoint {
namespace {

// An index may run ahead of what was seen by this much: room for a lost beginning, not for a hostile number.
constexpr int64_t kIndexSlack = 1 << 16;
constexpr int64_t kIndexGrowth = 16;
constexpr int kMaxSampleStages = 32;
constexpr size_t kMaxProbes = 64;

const char* PhaseName(trace::Phase phase) {
  switch (phase) {
    case trace::PHASE_STARTUP:
      return "startup";
    case trace::PHASE_INDEXING:
      return "indexing";
    case trace::PHASE_WARMUP:
      return "warmup";
    case trace::PHASE_TRAIN:
      return "train";
    case trace::PHASE_VALIDATION:
      return "validation";
    case trace::PHASE_CHECKPOINT:
      return "checkpoint";
    case trace::PHASE_SHUTDOWN:
      return "shutdown";
    default:
      return "unknown";
  }
}

// CPU time and run-queue wait are read just outside the span, and the reading costs more than a short stage does: what
// exceeds the span is not the stage's.
StageCost CostOf(const SpanEvent& span) {
  auto bounded = [](uint64_t value, int64_t most) {
    return static_cast<int64_t>(std::min<uint64_t>(value, static_cast<uint64_t>(std::max<int64_t>(0, most))));
  };
  const int64_t wall_ns = span.end_ns - span.begin_ns;
  const int64_t cpu_ns = bounded(span.cpu_ns, wall_ns);
  return {wall_ns, cpu_ns, bounded(span.run_queue_ns, wall_ns - cpu_ns), bounded(span.bytes, INT64_MAX),
          bounded(span.storage_bytes, INT64_MAX)};
}

// Several spans of one kind in one iteration become the interval that holds them all.
void Widen(int64_t& begin_ns, int64_t& end_ns, const SpanEvent& span) {
  begin_ns = begin_ns < 0 ? span.begin_ns : std::min(begin_ns, span.begin_ns);
  end_ns = std::max(end_ns, span.end_ns);
}

// The slot of `index` in a dense vector, or null when the index is out of all proportion to what was seen.
template <typename Record>
Record* SlotAt(std::vector<Record>& records, int64_t index, int64_t& seen) {
  if (index < 0 || index >= kIndexSlack + kIndexGrowth * seen) return nullptr;
  if (index >= static_cast<int64_t>(records.size())) records.resize(index + 1);
  Record& record = records[index];
  if (record.index < 0) {
    record.index = index;
    ++seen;
  }
  return &record;
}

}  // namespace

RunRecordBuilder::Run& RunRecordBuilder::RunOf(const EventSource& source) {
  if (last_run_ != nullptr && source.run_id == last_source_.run_id && source.writer_id == last_source_.writer_id) {
    return *last_run_;
  }
  Run*& run = runs_by_id_[source.run_id];
  if (run == nullptr) {
    runs_.push_back(std::make_unique<Run>());
    run = runs_.back().get();
    run->record.run_id = source.run_id;
  }
  if (run->writers.try_emplace(source.writer_id).second) run->writer_order.push_back(source.writer_id);
  last_source_ = source;
  last_run_ = run;
  return *run;
}

void RunRecordBuilder::OnSegment(const EventSource& source, const trace::SegmentStart& segment) {
  RunRecord& record = RunOf(source).record;
  switch (segment.role()) {
    case trace::RUN_ROLE_CALIBRATION:
      record.role = RunRecord::Role::kCalibration;
      break;
    case trace::RUN_ROLE_LIVE:
      record.role = RunRecord::Role::kLive;
      break;
    default:
      record.role = RunRecord::Role::kMain;
  }
  if (record.pid == 0) {
    record.pid = segment.process().pid();
    record.process_name = segment.process().name();
  }
  const double cores = segment.host().usable_cores();
  if (std::isfinite(cores) && cores > 0) record.usable_cores = cores;
  if (segment.host().memory_bytes() > 0) record.machine_memory_bytes = segment.host().memory_bytes();
  if (!segment.has_run()) return;
  const trace::Run& run = segment.run();
  record.source = run.source();
  record.source_version = run.source_version();
  record.source_was_file = run.source_was_file();
  record.options = {run.options().begin(), run.options().end()};
  record.data_dir = run.data_dir();
  record.cold_data = run.cold_data();
  record.device_work_steps = std::max<int64_t>(0, run.device_work_steps());
  record.knobs = FromProto(run.knobs());
  record.planned_steps = run.planned_steps();
  record.planned_epochs = run.planned_epochs();
  record.dataset_samples = run.dataset_samples();
  record.host_limit_enforcement = run.host_limit_enforcement();
  record.device_limit_enforcement = run.device_limit_enforcement();
  record.probes.clear();
  for (const trace::ProbeRun& probe : run.probes()) {
    if (record.probes.size() == kMaxProbes) break;
    record.probes.push_back({probe.id(), probe.version(), probe.polls(), probe.cpu_ns(), ValidUtf8(probe.stopped())});
  }
  const double batch_bytes = run.batch_bytes_per_sample();
  record.batch_bytes_per_sample = std::isfinite(batch_bytes) && batch_bytes > 0 ? batch_bytes : 0;
}

void RunRecordBuilder::OnSpan(const EventSource& source, const SpanEvent& span) {
  Run& run = RunOf(source);
  run.Cover(span.begin_ns, span.end_ns);
  switch (span.kind) {
    case trace::STAGE_KIND_UNSPECIFIED:
      run.device_work.Add(span);
      return;
    case trace::STAGE_KIND_SAMPLE:
      return AddSampleStage(run, span);
    case trace::STAGE_KIND_LOAD:
    case trace::STAGE_KIND_BATCH:
      if (span.batch < 0) return;
      if (BatchRecord* batch = BatchAt(run, span.batch)) {
        if (span.kind == trace::STAGE_KIND_LOAD) {
          Widen(batch->load_begin_ns, batch->load_end_ns, span);
          batch->load += CostOf(span);
          if (span.track->role == trace::TRACK_ROLE_WORKER) {
            batch->worker = static_cast<int32_t>(span.track->worker_index & 0x7fffffff);
          }
        } else {
          batch->collate += CostOf(span);
        }
      }
      return;
    default:
      if (span.batch >= 0) AddToIteration(run, span);
  }
}

void RunRecordBuilder::AddSampleStage(Run& run, const SpanEvent& span) {
  if (span.batch < 0 || span.sample < 0 || BatchAt(run, span.batch) == nullptr) return;
  RunRecord& record = run.record;
  const int column = StageColumn(run, *span.name);
  if (column < 0) {
    ++record.read_set_aside;
    return;
  }
  OpenBatch& open = run.open_batches[span.track->index];
  if (open.batch != span.batch) {
    open.batch = span.batch;
    open.row_by_key.clear();
  }
  const size_t columns = record.sample_stages.size();
  const auto next_row = static_cast<uint32_t>(record.samples.size());
  auto [found, added] = open.row_by_key.try_emplace(span.sample, next_row);
  // A batch may hold the same sample twice (two passes meet in it): its stages then begin anew after other samples'.
  const bool drawn_again = !added && found->second != open.last_row && run.stage_seen[found->second * columns + column];
  if (drawn_again) found->second = next_row;
  const uint32_t row = found->second;
  if (row == next_row) {
    record.samples.push_back({static_cast<uint64_t>(span.sample), span.batch});
    record.sample_costs.resize(record.sample_costs.size() + columns);
    run.stage_seen.resize(record.sample_costs.size());
  }
  open.last_row = row;
  record.sample_costs[row * columns + column] += CostOf(span);
  run.stage_seen[row * columns + column] = true;
}

int RunRecordBuilder::StageColumn(Run& run, const EventName& name) {
  auto found = run.stage_columns.find(name.index);
  if (found != run.stage_columns.end()) return found->second;
  RunRecord& record = run.record;
  const size_t before = record.sample_stages.size();
  if (before == kMaxSampleStages) return -1;
  std::vector<StageCost> costs(record.samples.size() * (before + 1));
  std::vector<bool> seen(costs.size());
  for (size_t row = 0; row < record.samples.size(); ++row) {
    for (size_t column = 0; column < before; ++column) {
      costs[row * (before + 1) + column] = record.sample_costs[row * before + column];
      seen[row * (before + 1) + column] = run.stage_seen[row * before + column];
    }
  }
  record.sample_costs = std::move(costs);
  run.stage_seen = std::move(seen);
  record.sample_stages.push_back(ValidUtf8(name.text));
  run.stage_columns.emplace(name.index, static_cast<int>(before));
  return static_cast<int>(before);
}

void RunRecordBuilder::AddToIteration(Run& run, const SpanEvent& span) {
  IterationRecord* iteration = IterationAt(run, span.batch);
  if (iteration == nullptr) return;
  switch (span.kind) {
    case trace::STAGE_KIND_DATA_WAIT:
      return Widen(iteration->wait_begin_ns, iteration->wait_end_ns, span);
    case trace::STAGE_KIND_RECEIVE:
      iteration->receive += CostOf(span);
      return Widen(iteration->receive_begin_ns, iteration->receive_end_ns, span);
    case trace::STAGE_KIND_COPY:
      iteration->copy_on_device = span.track->role == trace::TRACK_ROLE_STREAM;
      return Widen(iteration->copy_begin_ns, iteration->copy_end_ns, span);
    case trace::STAGE_KIND_LAUNCH:
      iteration->launch += CostOf(span);
      return Widen(iteration->launch_begin_ns, iteration->launch_end_ns, span);
    case trace::STAGE_KIND_PIN:
      if (span.track->role == trace::TRACK_ROLE_MAIN) iteration->pin_ns = span.end_ns - span.begin_ns;
      return;
    case trace::STAGE_KIND_COPY_CALL:
      iteration->copy_call_ns = span.end_ns - span.begin_ns;
      return;
    case trace::STAGE_KIND_SYNC:
      return Widen(iteration->sync_begin_ns, iteration->sync_end_ns, span);
    case trace::STAGE_KIND_STEP:
      run.record.device_total_bytes = std::max(run.record.device_total_bytes, span.track->device_memory_bytes);
      iteration->device += CostOf(span);
      return Widen(iteration->device_begin_ns, iteration->device_end_ns, span);
    case trace::STAGE_KIND_STEP_PART: {
      StepPart& part = run.step_parts[span.name->index];
      if (part.name.empty()) part.name = ValidUtf8(span.name->text);
      part.total_ns += static_cast<double>(span.end_ns - span.begin_ns);
      return;
    }
    default:
      return;
  }
}

BatchRecord* RunRecordBuilder::BatchAt(Run& run, int64_t index) {
  BatchRecord* batch = SlotAt(run.record.batches, index, run.batches_seen);
  if (batch == nullptr) ++run.record.read_set_aside;
  return batch;
}

IterationRecord* RunRecordBuilder::IterationAt(Run& run, int64_t index) {
  IterationRecord* iteration = SlotAt(run.record.iterations, index, run.iterations_seen);
  if (iteration == nullptr) ++run.record.read_set_aside;
  return iteration;
}

void RunRecordBuilder::OnCounter(const EventSource& source, const CounterEvent& event) {
  Run& run = RunOf(source);
  run.Cover(event.time_ns, event.time_ns);
  std::vector<CounterPoint>*& points = run.counters[event.series->index];
  if (points == nullptr) {
    const Track* track = event.series->track;
    const std::string name = track == nullptr ? event.series->name : event.series->name + "/" + track->name;
    points = &run.record.counters[name];
    run.record.counter_units[name] = event.series->unit;
  }
  points->push_back({event.time_ns, event.value});
}

void RunRecordBuilder::OnAllocation(const EventSource& source, const AllocationEvent& event) {
  Run& run = RunOf(source);
  run.Cover(event.time_ns, event.time_ns);
  RunRecord& record = run.record;
  // A mark is the harness's, whoever allocates.
  if (record.allocator.empty() && event.bytes != 0) record.allocator = ValidUtf8(event.allocator->text);
  record.allocations.push_back({event.address, event.bytes, event.held_bytes});
}

void RunRecordBuilder::OnBatch(const EventSource& source, const BatchEvent& event) {
  Run& run = RunOf(source);
  BatchRecord* batch = BatchAt(run, event.batch > INT64_MAX ? -1 : static_cast<int64_t>(event.batch));
  if (batch == nullptr) return;
  batch->samples = static_cast<int32_t>(std::min<uint32_t>(event.samples, INT32_MAX));
  batch->bytes = static_cast<int64_t>(std::min<uint64_t>(event.bytes, INT64_MAX));
  batch->epoch = static_cast<int32_t>(std::min<uint32_t>(event.epoch, INT32_MAX));
  if (run.record.knobs.worker_count > 0) {
    batch->worker = static_cast<int32_t>(std::min<uint32_t>(event.worker_index, INT32_MAX));
  }
}

void RunRecordBuilder::OnIteration(const EventSource& source, const IterationEvent& event) {
  Run& run = RunOf(source);
  IterationRecord* iteration =
      IterationAt(run, event.iteration > INT64_MAX ? -1 : static_cast<int64_t>(event.iteration));
  if (iteration != nullptr) iteration->loss = event.loss;
}

void RunRecordBuilder::OnPhase(const EventSource& source, trace::Phase phase, int64_t time_ns) {
  Run& run = RunOf(source);
  run.Cover(time_ns, time_ns);
  if (phase != trace::PHASE_UNSPECIFIED) run.record.phases.push_back({PhaseName(phase), time_ns, time_ns});
}

void RunRecordBuilder::OnMarker(const EventSource& source, const Track&, const EventName&, int64_t time_ns) {
  Run& run = RunOf(source);
  run.Cover(time_ns, time_ns);
}

void RunRecordBuilder::OnLog(const EventSource& source, uint32_t, std::string_view, int64_t time_ns) {
  Run& run = RunOf(source);
  run.Cover(time_ns, time_ns);
}

void RunRecordBuilder::OnAccounting(const EventSource& source, const trace::Accounting& accounting) {
  RunOf(source).writers[source.writer_id].accounting = accounting;
}

void RunRecordBuilder::OnRunEnd(const EventSource& source, const trace::RunEnd& end, std::optional<int64_t> time_ns) {
  Run& run = RunOf(source);
  WriterEnd& writer = run.writers[source.writer_id];
  writer.ended = true;
  writer.outcome = end.outcome();
  writer.message = end.message();
  if (!time_ns) return;
  run.Cover(*time_ns, *time_ns);
}

void RunRecordBuilder::OnUnknownIds(const EventSource& source, uint64_t count) {
  RunOf(source).record.unknown_ids += count;
}

void RunRecordBuilder::OnSetAside(const EventSource& source, uint64_t count) {
  RunOf(source).record.read_set_aside += count;
}

void RunRecordBuilder::FinishRun(Run& run) {
  RunRecord& record = run.record;
  if (run.begin_ns <= run.end_ns) {
    record.begin_ns = run.begin_ns;
    record.end_ns = run.end_ns;
  }

  std::stable_sort(record.phases.begin(), record.phases.end(),
                   [](const PhaseSpan& a, const PhaseSpan& b) { return a.begin_ns < b.begin_ns; });
  for (size_t i = 0; i < record.phases.size(); ++i) {
    record.phases[i].end_ns = i + 1 < record.phases.size() ? record.phases[i + 1].begin_ns : record.end_ns;
  }
  for (auto& [name, points] : record.counters) {
    std::stable_sort(points.begin(), points.end(),
                     [](const CounterPoint& a, const CounterPoint& b) { return a.time_ns < b.time_ns; });
  }

  // At the end main may have waited for a batch that it never stepped on.
  auto was_stepped = [](const IterationRecord& it) {
    return it.launch_begin_ns >= 0 || it.device_begin_ns >= 0 || it.loss.has_value();
  };
  while (!record.iterations.empty() && !was_stepped(record.iterations.back())) record.iterations.pop_back();

  run.device_work.Finish(&record);
  int64_t device_steps = 0;
  for (const IterationRecord& it : record.iterations) device_steps += it.device_begin_ns >= 0;
  for (const auto& [index, part] : run.step_parts) {
    if (device_steps > 0) record.step_parts_ns[part.name] = part.total_ns / static_cast<double>(device_steps);
  }

  // A batch whose own record was lost is known by its samples.
  std::vector<int32_t> rows(record.batches.size());
  for (const SampleRecord& sample : record.samples) ++rows[sample.batch];
  for (BatchRecord& batch : record.batches) {
    if (batch.index >= 0 && batch.samples == 0) batch.samples = rows[batch.index];
  }

  // Every process that wrote to the run must have come to its end.
  record.closed = !run.writer_order.empty();
  for (uint64_t id : run.writer_order) {
    const WriterEnd& writer = run.writers[id];
    record.emitted += writer.accounting.emitted();
    record.recorded += writer.accounting.recorded();
    record.dropped += writer.accounting.dropped();
    record.set_aside += writer.accounting.set_aside();
    record.recorder_cpu_ns += writer.accounting.recorder_cpu_ns();
    record.closed = record.closed && writer.ended;
  }
  // A run is ok when all say so; what went wrong is known from whoever saw it, also of one that could not say it
  // itself.
  for (uint64_t id : run.writer_order) {
    const WriterEnd& writer = run.writers[id];
    if (!writer.ended || (!record.closed && writer.outcome == trace::OUTCOME_OK)) continue;
    record.outcome = OutcomeName(writer.outcome);
    record.outcome_message = writer.message;
    if (writer.outcome != trace::OUTCOME_OK) break;
  }
}

std::vector<RunRecord> RunRecordBuilder::Finish() {
  std::vector<RunRecord> records;
  for (const auto& run : runs_) {
    FinishRun(*run);
    records.push_back(std::move(run->record));
  }
  return records;
}

}  // namespace stallpoint
