#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "catch.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"
#include "record_support.h"
#include "traces/reader.h"

namespace stallpoint {
namespace {

trace::TrackDefinition TrackNamed(const std::string& name, trace::TrackRole role = trace::TRACK_ROLE_OTHER) {
  trace::TrackDefinition track;
  track.set_name(name);
  track.set_role(role);
  return track;
}

TEST_CASE("Every recorded span comes back bit-exact through the file") {
  const std::string folder = "/tmp/stallpoint-record-test-" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  Recorder::Options options;
  options.path = folder + "/run.sptrace";
  options.process_counters = false;
  auto recorder = StartRecorder(options);
  ThreadLog* log = recorder->AttachThread(TrackNamed("main", trace::TRACK_ROLE_MAIN));
  REQUIRE(log == ThreadLog::Current());

  std::mt19937_64 random(7);
  std::vector<uint32_t> names;
  for (int i = 0; i < 300; ++i) names.push_back(recorder->Intern("name " + std::to_string(i)));
  std::vector<ReadSpan> plain, costs;
  uint64_t now = Ticks();
  for (int i = 0; i < 20'000; ++i) {
    now += random() % (i % 100 == 0 ? 1ull << 40 : 5000);
    ReadSpan span;
    span.name_id = names[random() % names.size()];
    span.end_ticks = now;
    span.begin_ticks = now - random() % (i % 7 == 0 ? 1ull << 36 : 3000);
    span.batch = i % 3 == 0 ? -1 : static_cast<int64_t>(random() % (1ull << 50));
    if (i % 2 == 0) {
      log->Span(span.name_id, span.begin_ticks, span.end_ticks, span.batch);
      plain.push_back(span);
    } else {
      span.sample = i % 5 == 0 ? -1 : static_cast<int64_t>(random() >> 1);
      span.cpu_ns = random() % 1'000'000;
      span.run_queue_ns = random();
      span.bytes = i % 9 == 0 ? 0 : random();
      span.storage_bytes = i % 5 == 0 ? random() % 1000 * kStorageUnit : 0;
      log->CostSpan(span.name_id, span.begin_ticks, span.end_ticks, span.batch, span.sample,
                    {span.cpu_ns, span.run_queue_ns, span.storage_bytes}, span.bytes);
      costs.push_back(span);
    }
    if (i % 4000 == 0) recorder->Flush();
  }
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  REQUIRE(recorder->accounting().dropped() == 0);

  auto reader = TraceReader::Open(options.path);
  REQUIRE(reader.ok());
  std::vector<trace::Chunk> chunks;
  TraceReader::Origin origin;
  while (*(*reader)->Next(&chunks.emplace_back(), &origin)) {
  }
  chunks.pop_back();
  CHECK((*reader)->gaps().empty());
  ReadTrace read = ReadChunks(chunks);
  std::vector<ReadSpan> read_plain, read_costs;
  for (const trace::Chunk& chunk : chunks) {
    for (const trace::SpanBlock& block : chunk.spans()) {
      std::vector<ReadSpan>& into = block.cpu_ns_size() > 0 ? read_costs : read_plain;
      for (const ReadSpan& span : ReadBlock(block)) into.push_back(span);
    }
  }
  CHECK(read_plain == plain);
  CHECK(read_costs == costs);
  CHECK(read.undefined_names == 0);
  CHECK(read.names.at(names[0]) == "name 0");
  CHECK(read.accounting.emitted() == 20'000);
  CHECK(read.accounting.recorded() == 20'000);
  CHECK(read.closed);
  std::filesystem::remove_all(folder);
}

TEST_CASE("What is emitted is recorded or dropped, exactly, with several threads on tiny rings") {
  constexpr int kThreads = 6, kEvents = 30'000;
  auto memory = std::make_shared<MemoryTrace>();
  Recorder::Options options = MemoryOptions(memory);
  options.ring_bytes = 1024;
  options.flush_interval_ns = 1'000'000;
  auto recorder = StartRecorder(options);
  const uint32_t name = recorder->Intern("work"), series = recorder->Series("depth", "1");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ThreadLog* log = recorder->AttachThread(TrackNamed("thread " + std::to_string(t)));
      for (int i = 0; i < kEvents; ++i) {
        const uint64_t now = Ticks();
        if (i % 3 == 0) log->Span(name, now, Ticks());
        if (i % 3 == 1) log->CostSpan(name, now, Ticks(), i, i, {}, 1);
        if (i % 3 == 2) log->Counter(series, i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const trace::Accounting total = recorder->accounting();
  CHECK(total.emitted() == kThreads * kEvents);
  CHECK(total.emitted() == total.recorded() + total.dropped());
  CHECK(total.dropped() > 0);
  const ReadTrace read = ReadChunks(memory->chunks());
  CHECK(read.events_read == total.recorded());
  CHECK(read.accounting.emitted() == total.emitted());
}

TEST_CASE("Spans that end before they begin are set aside and counted as dropped") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("work");
  ThreadLog* log = recorder->AttachThread(TrackNamed("main"));
  log->Span(name, 2000, 1000);
  log->Span(name, 1000, 1000);
  log->Span(name, 1, UINT64_MAX);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const trace::Accounting total = recorder->accounting();
  CHECK(total.emitted() == 3);
  CHECK(total.recorded() == 1);
  CHECK(total.dropped() == 2);
  CHECK(total.set_aside() == 2);
  CHECK(ReadChunks(memory->chunks()).spans_read == 1);
}

TEST_CASE("Times in the trace lie within the snapshots around them") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("work");
  const int64_t begin_ns = MonotonicNs();
  ThreadLog* log = recorder->AttachThread(TrackNamed("main"));
  const uint64_t begin = Ticks();
  log->Span(name, begin, Ticks());
  const int64_t end_ns = MonotonicNs();
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const ReadTrace read = ReadChunks(memory->chunks());
  const trace::ClockSnapshot &first = read.snapshots.front(), &last = read.snapshots.back();
  CHECK(first.ticks() <= begin);
  CHECK(begin <= last.ticks());
  CHECK(first.monotonic_ns() <= begin_ns);
  CHECK(end_ns <= last.monotonic_ns());
  for (size_t i = 1; i < read.snapshots.size(); ++i) {
    CHECK(read.snapshots[i - 1].ticks() <= read.snapshots[i].ticks());
    CHECK(read.snapshots[i - 1].monotonic_ns() <= read.snapshots[i].monotonic_ns());
  }
}

TEST_CASE("A segment defines all that it uses, and a fact learned later starts a new one") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t decode = recorder->Stage("decode", trace::STAGE_KIND_SAMPLE);
  const uint32_t depth = recorder->Series("queue_depth", "1");
  ThreadLog* log = recorder->AttachThread(TrackNamed("main"));
  const auto record = [&] {
    log->CostSpan(decode, 1000, 2000, 0, 0, {}, 0);
    log->Counter(depth, 3);
    recorder->Flush();
  };
  record();
  recorder->UpdateRun([](trace::Run& run) { run.set_dataset_samples(77); });
  record();
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());

  const std::vector<trace::Chunk> chunks = memory->chunks();
  const ReadTrace read = ReadChunks(chunks);
  CHECK(read.segments == 2);
  CHECK(read.spans_read == 2);
  CHECK(read.stages.at("decode") == trace::STAGE_KIND_SAMPLE);
  CHECK(read.names.at(decode) == "decode");
  CHECK(read.series.at(depth) == "queue_depth");
  std::vector<trace::SegmentStart> starts;
  for (const trace::Chunk& chunk : chunks) {
    if (chunk.has_segment_start()) starts.push_back(chunk.segment_start());
  }
  CHECK(starts[0].segment_index() == 0);
  CHECK(starts[0].run().dataset_samples() == 0);
  CHECK(starts[1].segment_index() == 1);
  CHECK(starts[1].run().dataset_samples() == 77);
  CHECK(starts[0].run_id() == starts[1].run_id());
  CHECK(starts[0].run_id() != 0);
  CHECK(starts[0].host().ticks_per_second() > 0);
  CHECK(starts[0].host().usable_cores() > 0);
  CHECK(starts[0].process().pid() == static_cast<uint32_t>(getpid()));
}

TEST_CASE("A name that becomes a stage after its first use is a stage from then on") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("decode");
  ThreadLog* log = recorder->AttachThread(TrackNamed("main"));
  log->Span(name, 1, 2);
  recorder->Flush();
  CHECK(ReadChunks(memory->chunks()).stages.empty());
  CHECK(recorder->Stage("decode", trace::STAGE_KIND_SAMPLE) == name);
  log->Span(name, 3, 4);
  recorder->Flush();
  CHECK(ReadChunks(memory->chunks()).stages.at("decode") == trace::STAGE_KIND_SAMPLE);
}

TEST_CASE("A long recording is cut into segments of a few megabytes that are complete in themselves") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("work");
  ThreadLog* log = recorder->AttachThread(TrackNamed("main"));
  uint64_t now = 1;
  std::mt19937_64 random(3);
  for (int round = 0; round < 80; ++round) {
    for (int i = 0; i < 10'000; ++i) {
      now += random() % (1ull << 48);
      log->CostSpan(name, now - 1, now, i, static_cast<int64_t>(random() >> 1), {random(), random()}, random());
    }
    recorder->Flush();
  }
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const std::vector<trace::Chunk> chunks = memory->chunks();
  const ReadTrace read = ReadChunks(chunks);
  CHECK(read.segments >= 3);
  CHECK(read.spans_read == 800'000);
  CHECK(memory->bytes() / static_cast<uint64_t>(read.segments) < 12 << 20);
  for (const trace::Chunk& chunk : chunks) CHECK(chunk.ByteSizeLong() <= 1 << 20);
}

TEST_CASE("Rare events, phases, heartbeats and streams are written") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  trace::DeviceDefinition gpu;
  gpu.set_kind("cuda");
  trace::TrackDefinition stream = TrackNamed("stream 0", trace::TRACK_ROLE_STREAM);
  stream.set_device_id(recorder->Device(gpu));
  ThreadLog* device = recorder->AddStream(stream);
  ThreadLog* log = recorder->AttachThread(TrackNamed("main", trace::TRACK_ROLE_MAIN));
  const uint32_t step = recorder->Stage("step", trace::STAGE_KIND_STEP);
  recorder->EnterPhase(trace::PHASE_TRAIN);
  recorder->EnterPhase(trace::PHASE_TRAIN);
  trace::BatchBlock batch;
  batch.add_batch(5);
  batch.add_samples(32);
  batch.add_shape_id(recorder->Intern("32x3x224x224"));
  recorder->Batch(batch);
  recorder->Iteration(5, 0.25, true, true);
  recorder->Log(1, "a warning");
  recorder->Counter(recorder->Series("queue_depth", "1"), 4);
  device->Span(step, 100, 200, 5);
  for (int i = 0; i < 3; ++i) log->Heartbeat();
  REQUIRE(recorder->Finish(trace::OUTCOME_FAILED, "it broke").ok());

  const std::vector<trace::Chunk> chunks = memory->chunks();
  const ReadTrace read = ReadChunks(chunks);
  CHECK(read.phases == std::vector<trace::Phase>{trace::PHASE_STARTUP, trace::PHASE_TRAIN});
  CHECK(read.log_lines == std::vector<std::string>{"a warning"});
  CHECK(read.counters.at("queue_depth") == std::vector<double>{4});
  CHECK(read.counters.at("heartbeat") == std::vector<double>{3});
  CHECK(read.spans.at("stream 0").at(0).batch == 5);
  CHECK(read.outcome == trace::OUTCOME_FAILED);
  CHECK(read.events_read == recorder->accounting().recorded());
  trace::BatchBlock batches;
  trace::IterationBlock iterations;
  for (const trace::Chunk& chunk : chunks) {
    batches.MergeFrom(chunk.batches());
    iterations.MergeFrom(chunk.iterations());
  }
  REQUIRE(batches.batch_size() == 1);
  CHECK(batches.batch(0) == 5);
  CHECK(batches.samples(0) == 32);
  CHECK(batches.bytes(0) == 0);
  CHECK(read.names.at(batches.shape_id(0)) == "32x3x224x224");
  REQUIRE(iterations.iteration_size() == 1);
  CHECK(iterations.loss(0) == 0.25);
  CHECK(iterations.has_loss(0));
}

TEST_CASE("A watchdog sees every track's count and when it last moved") {
  auto recorder = StartRecorder(MemoryOptions(std::make_shared<MemoryTrace>()));
  ThreadLog* log = recorder->AttachThread(TrackNamed("main", trace::TRACK_ROLE_MAIN));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(recorder->Progress().size() == 1);
  CHECK(recorder->Progress()[0].heartbeats == 0);
  const int64_t age_before_ns = recorder->Progress()[0].age_ns;
  CHECK(age_before_ns >= 4'000'000);
  const int64_t before_ns = MonotonicNs();
  log->Heartbeat();
  const TrackProgress progress = recorder->Progress()[0];
  CHECK(progress.heartbeats == 1);
  CHECK(progress.age_ns <= (MonotonicNs() - before_ns) * 11 / 10 + 1000);
  CHECK(progress.track.name() == "main");
  CHECK(progress.track.role() == trace::TRACK_ROLE_MAIN);
  recorder->DetachThread();
  CHECK(recorder->Progress().empty());
}

TEST_CASE("Process counters and counters sampled before a flush are in the trace") {
  auto memory = std::make_shared<MemoryTrace>();
  Recorder::Options options = MemoryOptions(memory);
  options.process_counters = true;
  options.on_flush = [](Recorder& recorder) {
    recorder.Counter(recorder.Series("device_memory", "bytes"), 123);
    recorder.Flush();  // from the recorder's thread: does nothing
  };
  auto recorder = StartRecorder(options);
  recorder->Flush();
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const ReadTrace read = ReadChunks(memory->chunks());
  CHECK(read.counters.at("device_memory").size() >= 2);
  CHECK(read.counters.at("host_memory_rss").size() >= 3);
  CHECK(read.counters.at("host_memory_rss")[0] > 1 << 20);
  CHECK(read.counters.at("page_faults_minor")[0] > 0);
  CHECK(read.counters.at("page_faults_major").size() >= 3);
  CHECK(read.events_read == recorder->accounting().recorded());
}

TEST_CASE("Only one recorder is active at a time, and another may follow it") {
  auto recorder = StartRecorder(MemoryOptions(std::make_shared<MemoryTrace>()));
  recorder->AttachThread(TrackNamed("main"));
  const auto second = Recorder::Start(MemoryOptions(std::make_shared<MemoryTrace>()));
  CHECK(second.status().code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(ThreadLog::Current() == nullptr);
  auto memory = std::make_shared<MemoryTrace>();
  auto third = StartRecorder(MemoryOptions(memory));
  third->AttachThread(TrackNamed("main"))->Span(third->Intern("work"), 1, 2);
  REQUIRE(third->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(ReadChunks(memory->chunks()).spans_read == 1);
}

TEST_CASE("Finishing twice says the same, and an abandoned recording is cancelled") {
  auto memory = std::make_shared<MemoryTrace>();
  {
    auto recorder = StartRecorder(MemoryOptions(memory));
    CHECK(recorder->Finish(trace::OUTCOME_OK, "").ok());
    CHECK(recorder->Finish(trace::OUTCOME_FAILED, "again").ok());
    recorder->Flush();
  }
  CHECK(ReadChunks(memory->chunks()).outcome == trace::OUTCOME_OK);
  auto abandoned = std::make_shared<MemoryTrace>();
  StartRecorder(MemoryOptions(abandoned)).reset();
  CHECK(ReadChunks(abandoned->chunks()).outcome == trace::OUTCOME_CANCELLED);
}

TEST_CASE("A file that exists is not overwritten unless asked") {
  const std::string path = "/tmp/stallpoint-record-exists-" + std::to_string(getpid());
  Recorder::Options options;
  options.path = path;
  REQUIRE(StartRecorder(options)->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(Recorder::Start(options).status().code() == absl::StatusCode::kAlreadyExists);
  options.overwrite = true;
  CHECK(StartRecorder(options)->Finish(trace::OUTCOME_OK, "").ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace stallpoint
