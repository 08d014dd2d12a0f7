// What the recorder's tests share: a trace file in memory that can fail or stall, and spans read back from chunks.
#ifndef STALLPOINT_TESTS_HARNESS_RECORD_SUPPORT_H_
#define STALLPOINT_TESTS_HARNESS_RECORD_SUPPORT_H_

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "harness/record/recorder.h"
#include "traces/writer.h"

namespace stallpoint {

// Chunks as they were written; shared by the writer, which the recorder owns, and the test.
class MemoryTrace {
 public:
  // The chunk of this index and all later ones fail.
  void FailFrom(size_t chunk) { Set(fail_from_, chunk); }
  // Writers wait while the disk is stalled.
  void Stall(bool stalled) { Set(stalled_, stalled); }
  void WaitUntilAWriterStalls() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }

  std::vector<trace::Chunk> chunks() const {
    const std::lock_guard lock(mutex_);
    return chunks_;
  }

  absl::Status Append(const trace::Chunk& chunk) {
    std::unique_lock lock(mutex_);
    waiting_ = stalled_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !stalled_; });
    waiting_ = false;
    if (chunks_.size() >= fail_from_) return absl::ResourceExhaustedError("the disk is full");
    chunks_.push_back(chunk);
    bytes_ += chunk.ByteSizeLong();
    return absl::OkStatus();
  }
  uint64_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  template <typename T>
  void Set(T& field, T value) {
    const std::lock_guard lock(mutex_);
    field = value;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<trace::Chunk> chunks_;
  uint64_t bytes_ = 0;
  size_t fail_from_ = std::numeric_limits<size_t>::max();
  bool stalled_ = false, waiting_ = false;
};

class MemoryWriter : public TraceWriter {
 public:
  explicit MemoryWriter(std::shared_ptr<MemoryTrace> trace) : trace_(std::move(trace)) {}
  absl::Status Write(const trace::Chunk& chunk) override {
    if (status_.ok()) status_ = trace_->Append(chunk);
    return status_;
  }
  absl::Status Sync() override { return absl::OkStatus(); }
  const absl::Status& status() const override { return status_; }
  uint64_t bytes_written() const override { return trace_->bytes(); }

 private:
  const std::shared_ptr<MemoryTrace> trace_;
  absl::Status status_;
};

// Options of a recorder that writes to `trace` and counts nothing on its own account.
inline Recorder::Options MemoryOptions(std::shared_ptr<MemoryTrace> trace) {
  Recorder::Options options;
  options.process_counters = false;
  options.open_writer = [trace](const std::string&, uint64_t, TraceWriter::Options) {
    return std::make_unique<MemoryWriter>(trace);
  };
  return options;
}

inline std::unique_ptr<Recorder> StartRecorder(Recorder::Options options) {
  absl::StatusOr<std::unique_ptr<Recorder>> recorder = Recorder::Start(std::move(options));
  INFO(recorder.status().ToString());
  REQUIRE(recorder.ok());
  return *std::move(recorder);
}

struct ReadSpan {
  uint32_t name_id = 0;
  uint64_t begin_ticks = 0, end_ticks = 0;
  int64_t batch = -1, sample = -1;
  uint64_t cpu_ns = 0, run_queue_ns = 0, bytes = 0, storage_bytes = 0;

  bool operator==(const ReadSpan&) const = default;
};

// The rows of a block, decoded as trace.proto says.
inline std::vector<ReadSpan> ReadBlock(const trace::SpanBlock& block) {
  std::vector<ReadSpan> spans;
  uint64_t begin = block.base_ticks(), batch = 0, sample = 0;
  for (int i = 0; i < block.name_id_size(); ++i) {
    ReadSpan span;
    span.name_id = block.name_id(i);
    span.begin_ticks = begin += static_cast<uint64_t>(block.begin_delta(i));
    span.end_ticks = begin + static_cast<uint64_t>(block.duration(i));
    if (block.batch_delta_size() > 0) span.batch = static_cast<int64_t>((batch += block.batch_delta(i)) - 1);
    if (block.sample_delta_size() > 0) span.sample = static_cast<int64_t>((sample += block.sample_delta(i)) - 1);
    if (block.cpu_ns_size() > 0) span.cpu_ns = block.cpu_ns(i);
    if (block.run_queue_ns_size() > 0) span.run_queue_ns = block.run_queue_ns(i);
    if (block.bytes_size() > 0) span.bytes = block.bytes(i);
    if (block.storage_bytes_size() > 0) span.storage_bytes = block.storage_bytes(i);
    spans.push_back(span);
  }
  return spans;
}

// What a trace says. Tracks and series are checked to be defined before their use; names are counted.
struct ReadTrace {
  std::map<std::string, std::vector<ReadSpan>> spans;     // by track name, in file order
  std::map<std::string, std::vector<double>> counters;    // by series name
  std::map<uint32_t, std::string> names, tracks, series;  // of the last segment
  std::map<std::string, trace::StageKind> stages;
  std::vector<std::string> log_lines;
  std::vector<trace::ClockSnapshot> snapshots;
  std::vector<trace::Phase> phases;
  uint64_t spans_read = 0, events_read = 0, undefined_names = 0;
  int segments = 0;
  trace::Accounting accounting;
  bool closed = false;
  trace::Outcome outcome = trace::OUTCOME_UNSPECIFIED;
};

inline ReadTrace ReadChunks(const std::vector<trace::Chunk>& chunks) {
  ReadTrace read;
  for (const trace::Chunk& chunk : chunks) {
    if (chunk.has_segment_start()) {
      read.names.clear();
      read.tracks.clear();
      read.series.clear();
      ++read.segments;
    }
    for (const auto& snapshot : chunk.clock_snapshots()) read.snapshots.push_back(snapshot);
    for (const auto& string : chunk.strings()) read.names[string.id()] = string.value();
    for (const auto& track : chunk.tracks()) read.tracks[track.id()] = track.name();
    for (const auto& series : chunk.series()) read.series[series.id()] = series.name();
    for (const auto& stage : chunk.stages()) read.stages[read.names.at(stage.name_id())] = stage.kind();
    for (const auto& phase : chunk.phases()) read.phases.push_back(phase.phase());
    for (const trace::SpanBlock& block : chunk.spans()) {
      std::vector<ReadSpan>& spans = read.spans[read.tracks.at(block.track_id())];
      for (const ReadSpan& span : ReadBlock(block)) {
        read.undefined_names += read.names.count(span.name_id) == 0;
        spans.push_back(span);
        ++read.spans_read;
      }
    }
    for (const trace::CounterBlock& block : chunk.counters()) {
      std::vector<double>& values = read.counters[read.series.at(block.series_id())];
      values.insert(values.end(), block.value().begin(), block.value().end());
      read.events_read += static_cast<uint64_t>(block.value_size());
    }
    for (const auto& line : chunk.log_lines()) read.log_lines.push_back(line.text());
    CHECK(chunk.has_accounting());
    CHECK(chunk.accounting().emitted() == chunk.accounting().recorded() + chunk.accounting().dropped());
    read.accounting = chunk.accounting();
    if (chunk.has_run_end()) {
      read.closed = true;
      read.outcome = chunk.run_end().outcome();
    }
  }
  read.events_read += read.spans_read + read.log_lines.size();
  return read;
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_HARNESS_RECORD_SUPPORT_H_
