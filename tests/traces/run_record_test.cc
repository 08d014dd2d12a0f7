#include "traces/run_record.h"

#include <cstdint>
#include <filesystem>
#include <limits>

#include "catch.h"
#include "tests/traces/decode_chunks.h"
#include "tests/traces/steady_run.h"

namespace stallpoint {
namespace {

constexpr int64_t kBegin = TraceBuilder::kBeginNs;

int64_t Ms(double ms) { return kBegin + static_cast<int64_t>(ms * 1e6); }

TEST_CASE("a written run is loaded with its samples, batches, iterations, phases and account") {
  TemporaryFile file(".sptrace");
  SteadyRun(3).WriteTo(file.path());

  const auto contents = LoadTrace(file.path());
  REQUIRE(contents.ok());
  CHECK(contents->gaps.empty());
  CHECK(contents->file_bytes == std::filesystem::file_size(file.path()));
  const RunRecord& run = contents->main_run();
  CHECK(run.source == "synthetic");
  CHECK(run.usable_cores == 4);
  CHECK(run.knobs.worker_count == 1);
  CHECK(run.closed);
  CHECK(run.outcome == "ok");
  CHECK(run.emitted == 44);
  CHECK(run.recorded + run.dropped == run.emitted);
  CHECK(run.set_aside == 1);
  CHECK(run.read_set_aside == 0);
  CHECK(run.unknown_ids == 0);

  REQUIRE(run.sample_stages == std::vector<std::string>{"read", "decode"});
  REQUIRE(run.samples.size() == 6);
  CHECK(run.samples[3].key == 3);
  CHECK(run.samples[3].batch == 1);
  CHECK(run.CostsOfSample(3)[0].wall_ns == 2'000'000);
  CHECK(run.CostsOfSample(3)[0].cpu_ns == 500'000);
  CHECK(run.CostsOfSample(3)[0].run_queue_ns == 250'000);
  CHECK(run.CostsOfSample(3)[0].wait_ns() == 1'250'000);
  CHECK(run.CostsOfSample(3)[0].bytes == 1000);
  CHECK(run.CostsOfSample(3)[1].wall_ns == 1'000'000);

  REQUIRE(run.batches.size() == 3);
  CHECK(run.batches[2].worker == 0);
  CHECK(run.batches[2].samples == 2);
  CHECK(run.batches[2].load_begin_ns == Ms(114));
  CHECK(run.batches[2].load_end_ns == Ms(122));
  CHECK(run.batches[2].load.cpu_ns == 3'500'000);
  CHECK(run.batches[2].collate.wall_ns == 1'000'000);

  REQUIRE(run.iterations.size() == 3);
  const IterationRecord& last = run.iterations[2];
  CHECK(last.index == 2);
  CHECK(last.wait_begin_ns == Ms(120));
  CHECK(last.wait_end_ns == Ms(123));
  CHECK(last.receive_begin_ns == Ms(123));
  CHECK(last.launch_end_ns == Ms(124.5));
  CHECK(last.launch.cpu_ns == 900'000);
  CHECK(last.sync_end_ns == Ms(129.5));
  CHECK(last.device_begin_ns == Ms(125));
  CHECK(last.device_end_ns == Ms(129));
  CHECK(last.device.cpu_ns == 3'500'000);
  CHECK(last.copy_begin_ns == -1);
  CHECK(*last.loss == Approx(1.0 / 3));
  CHECK(run.step_parts_ns.at("forward") == 1'000'000);

  REQUIRE(run.phases.size() == 3);
  CHECK(run.phases[1].name == "train");
  CHECK(run.phases[1].begin_ns == Ms(100));
  CHECK(run.phases[1].end_ns == Ms(130));
  CHECK(run.begin_ns == Ms(0));
  CHECK(run.end_ns == Ms(140));
  CHECK(run.counters.at("queue_depth").size() == 6);
}

TEST_CASE("several spans of a stage on one sample add up, and each batch's samples stay apart") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  for (int batch = 0; batch < 2; ++batch) {
    // All reads of the batch, then all decodes; the first sample is read in two parts.
    const double at = 10.0 * batch;
    trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, at, at + 1, batch).sample = 5;
    trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, at + 1, at + 3, batch).sample = 5;
    trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, at + 3, at + 4, batch).sample = 6;
    trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, at + 4, at + 5, batch).sample = 5;
    trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, at + 5, at + 7, batch).sample = 6;
  }
  const RunRecord run = Load(trace);
  REQUIRE(run.samples.size() == 4);
  CHECK(run.CostsOfSample(2)[0].wall_ns == 3'000'000);
  CHECK(run.CostsOfSample(2)[1].wall_ns == 1'000'000);
  CHECK(run.CostsOfSample(3)[1].wall_ns == 2'000'000);
  const std::vector<StageCost> sums = run.SumStagesByBatch();
  CHECK(sums[2].wall_ns == 4'000'000);
  CHECK(sums[3].wall_ns == 3'000'000);
}

TEST_CASE("a sample drawn twice into one batch is two samples") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  for (int k = 0; k < 3; ++k) {
    const int64_t key = k == 1 ? 8 : 9;
    trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, 2 * k, 2 * k + 1, 0).sample = key;
    trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, 2 * k + 1, 2 * k + 2, 0).sample = key;
  }
  const RunRecord run = Load(trace);
  REQUIRE(run.samples.size() == 3);
  CHECK(run.samples[2].key == 9);
  CHECK(run.CostsOfSample(0)[0].wall_ns == 1'000'000);
  CHECK(run.CostsOfSample(2)[1].wall_ns == 1'000'000);
}

TEST_CASE("without workers the load on main belongs to no worker") {
  TraceBuilder trace;
  trace.knobs().set_worker_count(0);
  trace.Batch(0, 4);
  trace.Span(trace.main(), "load", trace::STAGE_KIND_LOAD, 1, 5, 0);
  trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 0, 6, 0);
  trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 6, 7, 0);
  const RunRecord run = Load(trace);
  CHECK(run.batches[0].worker == -1);
  CHECK(run.batches[0].load_end_ns == Ms(5));
  CHECK_FALSE(run.has_device_timeline());
}

TEST_CASE("ids mean what their own segment says") {
  TraceBuilder first(7, 70), second(7, 70);
  first.Span(first.Track(trace::TRACK_ROLE_WORKER, "worker 0"), "read", trace::STAGE_KIND_SAMPLE, 0, 1, 0).sample = 1;
  second.Span(second.Track(trace::TRACK_ROLE_WORKER, "worker 0"), "decode", trace::STAGE_KIND_SAMPLE, 1, 4, 0).sample =
      1;
  std::vector<trace::Chunk> chunks = first.Chunks();
  for (const trace::Chunk& chunk : second.Chunks()) chunks.push_back(chunk);

  const std::vector<RunRecord> runs = DecodeChunks(chunks);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].sample_stages == std::vector<std::string>{"read", "decode"});
  REQUIRE(runs[0].samples.size() == 1);
  CHECK(runs[0].CostsOfSample(0)[1].wall_ns == 3'000'000);
}

TEST_CASE("a segment whose start was lost does not take its ids from the segment before") {
  TraceBuilder trace;
  trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 1, 2, 0);
  const std::vector<trace::Chunk> chunks = trace.Chunks();
  EventDecoder decoder;
  RunRecordBuilder builder;
  TraceReader::Origin whole, headless;
  whole.writer_id = headless.writer_id = 70;
  whole.segment = &chunks[0].segment_start();
  headless.segment_index = 1;
  decoder.LearnClocks(chunks[0], whole);
  decoder.SealClocks();
  decoder.Decode(chunks[0], whole, builder);
  decoder.Decode(chunks[1], headless, builder);
  const std::vector<RunRecord> runs = builder.Finish();
  REQUIRE(runs.size() == 1);  // the writer's run is known all the same
  CHECK(runs[0].unknown_ids == 2);
  CHECK(runs[0].iterations.empty());
}

TEST_CASE("a file holds several runs, and main_run is the one that was asked for") {
  TemporaryFile file(".sptrace");
  TraceBuilder calibration(8, 80, trace::RUN_ROLE_CALIBRATION);
  calibration.End(1);
  calibration.WriteTo(file.path());
  SteadyRun(2).WriteTo(file.path(), /*append=*/true);

  const auto contents = LoadTrace(file.path());
  REQUIRE(contents.ok());
  REQUIRE(contents->runs.size() == 2);
  CHECK(contents->runs[0].role == RunRecord::Role::kCalibration);
  CHECK(contents->main_run().run_id == 7);
  CHECK(contents->main_run().iterations.size() == 2);
}

TEST_CASE("a snapshot that follows the spans it dates is used for them") {
  TraceBuilder trace;
  trace.segment().mutable_host()->set_ticks_per_second(5e8);  // wrong by half
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  trace.Span(worker, "load", trace::STAGE_KIND_LOAD, 100, 300, 0);
  trace::ClockSnapshot& late = *trace.body().add_clock_snapshots();
  late.set_ticks(TraceBuilder::Ticks(1000));
  late.set_monotonic_ns(kBegin + 500'000'000);
  const RunRecord run = Load(trace);
  CHECK(run.batches[0].load_begin_ns == kBegin + 50'000'000);
  CHECK(run.batches[0].load.wall_ns == 100'000'000);
}

TEST_CASE("a trace without its end is loaded and not closed") {
  TraceBuilder trace = SteadyRun(2);
  trace.body().clear_run_end();
  const RunRecord run = Load(trace);
  CHECK_FALSE(run.closed);
  CHECK(run.outcome == "unknown");
  CHECK(run.iterations.size() == 2);
}

TEST_CASE("a run that failed says how") {
  TraceBuilder trace = SteadyRun(2);
  trace.End(500, trace::OUTCOME_OUT_OF_MEMORY);
  trace.body().mutable_run_end()->set_message("killed at 2 GiB");
  const RunRecord run = Load(trace);
  CHECK(run.closed);
  CHECK(run.outcome == "out-of-memory");
  CHECK(run.outcome_message == "killed at 2 GiB");
}

TEST_CASE("of a launch it is known how long main copied the batch, and how long it was in the call that copies") {
  TraceBuilder trace;
  const uint32_t pin_thread = trace.Track(trace::TRACK_ROLE_PIN, "pin");
  for (int batch = 0; batch < 3; ++batch) {
    const double at = 20.0 * batch;
    trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, at, at + 10, batch);
    if (batch == 2) continue;
    trace.Span(batch == 0 ? trace.main() : pin_thread, "pin", trace::STAGE_KIND_PIN, at + 1, at + 3, batch);
    trace.Span(trace.main(), "copy_call", trace::STAGE_KIND_COPY_CALL, at + 3, at + 3.5, batch);
  }
  const std::vector<IterationRecord> steps = Load(trace).iterations;
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].pin_ns == 2'000'000);
  CHECK(steps[0].copy_call_ns == 500'000);
  CHECK(steps[1].pin_ns == -1);
  CHECK(steps[1].copy_call_ns == 500'000);
  CHECK(steps[2].copy_call_ns == -1);
}

TEST_CASE("a wait at the end that was followed by no step is no iteration") {
  TraceBuilder trace = SteadyRun(2);
  trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 120, 130, 2);
  CHECK(Load(trace).iterations.size() == 2);
}

TEST_CASE("spans with impossible times are set aside and counted") {
  TraceBuilder trace;
  std::vector<trace::Chunk> chunks = trace.Chunks();
  trace::SpanBlock& block = *chunks[1].add_spans();
  block.set_track_id(trace.main());
  block.set_base_ticks(TraceBuilder::Ticks(10));
  const uint32_t name = 1;
  trace::StringDefinition& text = *chunks[1].add_strings();
  text.set_id(name);
  text.set_value("op");
  auto add = [&](int64_t begin_delta, int64_t duration) {
    block.add_name_id(name);
    block.add_begin_delta(begin_delta);
    block.add_duration(duration);
  };
  add(0, -1);                                              // end before start
  add(0, std::numeric_limits<int64_t>::max());             // over 30 days
  add(-static_cast<int64_t>(TraceBuilder::Ticks(10)), 5);  // zero
  add(static_cast<int64_t>(TraceBuilder::Ticks(10)), 5);   // sound
  add(std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max());
  block.add_name_id(name);  // begins and ends nowhere

  const RunRecord run = DecodeChunks(chunks).front();
  CHECK(run.read_set_aside == 5);
  CHECK(run.unknown_ids == 0);
  CHECK(run.begin_ns == Ms(10));
  CHECK(run.end_ns == Ms(10) + 5);
}

TEST_CASE("references to ids that were never defined are counted and passed over") {
  TraceBuilder trace;
  std::vector<trace::Chunk> chunks = trace.Chunks();
  trace::SpanBlock& block = *chunks[1].add_spans();
  block.set_track_id(999);
  block.set_base_ticks(TraceBuilder::Ticks(10));
  block.add_name_id(888);
  block.add_begin_delta(0);
  block.add_duration(1000);
  trace::CounterBlock& counter = *chunks[1].add_counters();
  counter.set_series_id(777);
  counter.set_base_ticks(TraceBuilder::Ticks(11));
  counter.add_ticks_delta(0);
  counter.add_value(1);
  chunks[1].add_stages()->set_name_id(666);

  const RunRecord run = DecodeChunks(chunks).front();
  CHECK(run.unknown_ids == 4);
  CHECK(run.read_set_aside == 0);
}

TEST_CASE("absurd batch numbers cost a count, not memory") {
  TraceBuilder trace = SteadyRun(3);
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 1", 1);
  for (int64_t index : {int64_t{1} << 40, std::numeric_limits<int64_t>::max() - 1, int64_t{10'000'000}}) {
    trace.Span(worker, "load", trace::STAGE_KIND_LOAD, 1, 2, index);
    trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, 1, 2, index).sample = 3;
    trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 1, 2, index);
  }
  trace.Batch(std::numeric_limits<uint64_t>::max(), 2);
  trace.Iteration(std::numeric_limits<uint64_t>::max(), 0);
  const RunRecord run = Load(trace);
  CHECK(run.batches.size() == 3);
  CHECK(run.iterations.size() == 3);
  CHECK(run.samples.size() == 6);
  CHECK(run.read_set_aside == 11);
}

TEST_CASE("a lost beginning leaves empty slots and the rest in its place") {
  TraceBuilder trace;
  trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 1, 2, 5000);
  const RunRecord run = Load(trace);
  REQUIRE(run.iterations.size() == 5001);
  CHECK(run.iterations[4999].index == -1);
  CHECK(run.iterations[5000].index == 5000);
}

TEST_CASE("hostile costs add up without overflow") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  for (int i = 0; i < 4; ++i) trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, i, i + 1, 0).sample = 1;
  std::vector<trace::Chunk> chunks = trace.Chunks();
  for (auto& value : *chunks[1].mutable_spans(0)->mutable_cpu_ns()) value = std::numeric_limits<uint64_t>::max();
  for (auto& value : *chunks[1].mutable_spans(0)->mutable_run_queue_ns()) value = std::numeric_limits<uint64_t>::max();
  const RunRecord run = DecodeChunks(chunks).front();
  REQUIRE(run.samples.size() == 1);
  CHECK(run.CostsOfSample(0)[0].cpu_ns > 0);
  CHECK(run.CostsOfSample(0)[0].wait_ns() == 0);
}

TEST_CASE("a stage name that is no UTF-8 becomes text that JSON can hold") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  trace
      .Span(worker,
            "re\xff"
            "ad",
            trace::STAGE_KIND_SAMPLE, 0, 1, 0)
      .sample = 1;
  CHECK(Load(trace).sample_stages.front() ==
        "re\xEF\xBF\xBD"
        "ad");
}

TEST_CASE("a run is closed when each of its processes came to its end") {
  TraceBuilder first(7, 70), second(7, 71);
  first.End(5);
  second.Phase(trace::PHASE_TRAIN, 1);
  std::vector<trace::Chunk> chunks = first.Chunks();
  for (const trace::Chunk& chunk : second.Chunks()) chunks.push_back(chunk);
  CHECK_FALSE(DecodeChunks(chunks).front().closed);
  chunks.back().mutable_run_end()->set_outcome(trace::OUTCOME_CRASHED);
  const RunRecord run = DecodeChunks(chunks).front();
  CHECK(run.closed);
  CHECK(run.outcome == "crashed");
}

TEST_CASE("what is no trace is refused by name of its format") {
  TemporaryFile file(".sptrace");
  FILE* out = fopen(file.path().c_str(), "w");
  fputs("{\"traceEvents\": []}", out);
  fclose(out);
  CHECK(LoadTrace(file.path()).status().code() == absl::StatusCode::kDataLoss);
  CHECK(LoadTrace(file.folder() + "/nothing").status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace stallpoint
