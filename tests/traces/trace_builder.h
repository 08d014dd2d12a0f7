// Writes small traces for tests: a training run told as calls, in milliseconds from its start.
//
//   TraceBuilder trace;
//   trace.knobs().set_worker_count(2);
//   trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 0, 5).batch = 0;
//   trace.WriteTo(path);
//
// Ticks are nanoseconds of CLOCK_MONOTONIC, and the run begins at kBeginNs, unless a test says otherwise.
#ifndef STALLPOINT_TESTS_TRACES_TRACE_BUILDER_H_
#define STALLPOINT_TESTS_TRACES_TRACE_BUILDER_H_

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "traces/proto/trace.pb.h"
#include "traces/writer.h"

namespace stallpoint {

// A file that is removed with its owner.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& suffix) {
    std::string pattern = (std::filesystem::temp_directory_path() / "stallpoint-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    folder_ = pattern;
    path_ = folder_ + "/file" + suffix;
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_, path_;
};

struct TestSpan {
  uint32_t track = 0, name = 0;
  double begin_ms = 0, end_ms = 0;
  int64_t batch = -1, sample = -1;
  double cpu_ms = 0, run_queue_ms = 0;
  uint64_t bytes = 0, correlation = 0, storage_bytes = 0;
};

class TraceBuilder {
 public:
  static constexpr int64_t kBeginNs = 1'000'000'000'000;

  explicit TraceBuilder(uint64_t run_id = 7, uint64_t writer_id = 70, trace::RunRole role = trace::RUN_ROLE_MAIN) {
    trace::SegmentStart& segment = *head_.mutable_segment_start();
    segment.set_schema_major(1);
    segment.set_stallpoint_version("0.1.0");
    segment.set_run_id(run_id);
    segment.set_writer_id(writer_id);
    segment.set_role(role);
    segment.mutable_host()->set_usable_cores(4);
    segment.mutable_host()->set_ticks_per_second(1e9);
    segment.mutable_process()->set_pid(4242);
    segment.mutable_process()->set_name("train");
    segment.mutable_run()->set_source("synthetic");
    knobs().set_batch_size(2);
    knobs().set_prefetch_depth(2);
    knobs().set_steps_in_flight(2);
    knobs().set_in_order(true);
    knobs().set_device("cpu");
    Snapshot(0);
    main_ = Track(trace::TRACK_ROLE_MAIN, "main");
  }

  trace::SegmentStart& segment() { return *head_.mutable_segment_start(); }
  trace::Run& run() { return *segment().mutable_run(); }
  trace::Knobs& knobs() { return *run().mutable_knobs(); }
  // Definitions and everything that no method below makes.
  trace::Chunk& head() { return head_; }
  // Events and the end of the run.
  trace::Chunk& body() { return body_; }

  static uint64_t Ticks(double ms) { return static_cast<uint64_t>(kBeginNs + std::llround(ms * 1e6)); }

  void Snapshot(double ms) {
    trace::ClockSnapshot& snapshot = *head_.add_clock_snapshots();
    snapshot.set_ticks(Ticks(ms));
    snapshot.set_monotonic_ns(static_cast<int64_t>(Ticks(ms)));
    snapshot.set_boottime_ns(static_cast<int64_t>(Ticks(ms)) + 5'000'000'000);
    snapshot.set_realtime_ns(1'700'000'000'000'000'000 + std::llround(ms * 1e6));
  }

  uint32_t String(const std::string& text) {
    auto [found, added] = strings_.try_emplace(text, static_cast<uint32_t>(strings_.size() + 1));
    if (added) {
      trace::StringDefinition& definition = *head_.add_strings();
      definition.set_id(found->second);
      definition.set_value(text);
    }
    return found->second;
  }

  uint32_t Stage(const std::string& name, trace::StageKind kind) {
    const uint32_t id = String(name);
    if (kind != trace::STAGE_KIND_UNSPECIFIED && stages_.try_emplace(id, kind).second) {
      trace::StageDefinition& stage = *head_.add_stages();
      stage.set_name_id(id);
      stage.set_kind(kind);
    }
    return id;
  }

  uint32_t Track(trace::TrackRole role, const std::string& name, uint32_t worker_index = 0) {
    trace::TrackDefinition& track = *head_.add_tracks();
    track.set_id(static_cast<uint32_t>(head_.tracks_size()));
    track.set_role(role);
    track.set_name(name);
    track.set_worker_index(worker_index);
    if (role != trace::TRACK_ROLE_STREAM) track.set_os_thread_id(5000 + track.id());
    return track.id();
  }
  // A stream whose work the device itself recorded.
  uint32_t DeviceStream(const std::string& name, const std::string& device_name) {
    trace::DeviceDefinition& device = *head_.add_devices();
    device.set_id(static_cast<uint32_t>(head_.devices_size()));
    device.set_kind("cuda");
    device.set_name(device_name);
    const uint32_t id = Track(trace::TRACK_ROLE_STREAM, name);
    head_.mutable_tracks(static_cast<int>(id) - 1)->set_device_id(device.id());
    return id;
  }
  uint32_t main() const { return main_; }

  uint32_t Series(const std::string& name, const std::string& unit, uint32_t track = 0) {
    trace::SeriesDefinition& series = *head_.add_series();
    series.set_id(static_cast<uint32_t>(head_.series_size()));
    series.set_name(name);
    series.set_unit(unit);
    series.set_track_id(track);
    return series.id();
  }

  TestSpan& Span(uint32_t track, const std::string& name, trace::StageKind kind, double begin_ms, double end_ms,
                 int64_t batch = -1) {
    spans_.push_back({track, Stage(name, kind), begin_ms, end_ms, batch});
    return spans_.back();
  }

  void Counter(uint32_t series, double ms, double value) {
    trace::CounterBlock& block = *body_.add_counters();
    block.set_series_id(series);
    block.set_base_ticks(Ticks(ms));
    block.add_ticks_delta(0);
    block.add_value(value);
  }

  void Phase(trace::Phase phase, double ms) {
    trace::PhaseChange& change = *body_.add_phases();
    change.set_ticks(Ticks(ms));
    change.set_phase(phase);
  }

  void Batch(uint64_t index, uint32_t samples, uint32_t epoch = 0, uint32_t worker = 0) {
    trace::BatchBlock& block = *body_.mutable_batches();
    block.add_batch(index);
    block.add_samples(samples);
    block.add_bytes(samples * 100);
    block.add_elements(0);
    block.add_epoch(epoch);
    block.add_worker_index(worker);
    block.add_shape_id(0);
    block.add_loader_id(0);
  }

  void Iteration(uint64_t index, double loss) {
    trace::IterationBlock& block = *body_.mutable_iterations();
    block.add_iteration(index);
    block.add_loss(loss);
    block.add_has_loss(true);
    block.add_optimizer_stepped(true);
  }

  void End(double ms, trace::Outcome outcome = trace::OUTCOME_OK) {
    body_.mutable_run_end()->set_ticks(Ticks(ms));
    body_.mutable_run_end()->set_outcome(outcome);
  }

  // The whole trace as chunks: definitions first, then the events.
  std::vector<trace::Chunk> Chunks() const {
    trace::Chunk body = body_;
    std::map<uint32_t, std::vector<TestSpan>> by_track;
    for (const TestSpan& span : spans_) by_track[span.track].push_back(span);
    for (auto& [track, spans] : by_track) AddBlock(body, track, spans);
    return {head_, body};
  }

  void WriteTo(const std::string& path, bool append = false) const {
    TraceWriter::Options options;
    options.append = append;
    auto writer = TraceWriter::Open(path, head_.segment_start().writer_id(), options);
    if (!writer.ok()) throw std::runtime_error(std::string(writer.status().message()));
    for (const trace::Chunk& chunk : Chunks()) {
      const absl::Status written = (*writer)->Write(chunk);
      if (!written.ok()) throw std::runtime_error(std::string(written.message()));
    }
  }

 private:
  static void AddBlock(trace::Chunk& chunk, uint32_t track, std::vector<TestSpan>& spans) {
    std::stable_sort(spans.begin(), spans.end(),
                     [](const TestSpan& a, const TestSpan& b) { return a.end_ms < b.end_ms; });
    trace::SpanBlock& block = *chunk.add_spans();
    block.set_track_id(track);
    block.set_base_ticks(kBeginNs);
    uint64_t begin = kBeginNs;
    int64_t batch = 0, sample = 0;
    for (const TestSpan& span : spans) {
      block.add_name_id(span.name);
      block.add_begin_delta(static_cast<int64_t>(Ticks(span.begin_ms) - begin));
      begin = Ticks(span.begin_ms);
      block.add_duration(static_cast<int64_t>(Ticks(span.end_ms) - begin));
      block.add_batch_delta(span.batch + 1 - batch);
      batch = span.batch + 1;
      block.add_sample_delta(span.sample + 1 - sample);
      sample = span.sample + 1;
      block.add_cpu_ns(static_cast<uint64_t>(std::llround(span.cpu_ms * 1e6)));
      block.add_run_queue_ns(static_cast<uint64_t>(std::llround(span.run_queue_ms * 1e6)));
      block.add_bytes(span.bytes);
      block.add_storage_bytes(span.storage_bytes);
      block.add_correlation(span.correlation);
    }
  }

  trace::Chunk head_, body_;
  std::map<std::string, uint32_t> strings_;
  std::map<uint32_t, trace::StageKind> stages_;
  std::deque<TestSpan> spans_;
  uint32_t main_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_TRACE_BUILDER_H_
