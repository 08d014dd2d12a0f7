#include "traces/run_summary.h"

#include <limits>

#include "catch.h"
#include "nlohmann/json.hpp"
#include "tests/traces/decode_chunks.h"
#include "tests/traces/steady_run.h"
#include "traces/counter_summary.h"
#include "traces/info_json.h"

namespace stallpoint {
namespace {

double Sum(const Shares& shares) {
  return shares.compute + shares.copy + shares.data_wait + shares.sync + shares.launch + shares.other;
}

TEST_CASE("the steady window opens after the primed batches and speaks of the rest") {
  const RunSummary summary = Summarize(Load(SteadyRun(30)));
  CHECK(summary.window.steady);
  CHECK(summary.window.first == 2);  // 1 worker, prefetch 2
  CHECK(summary.window.last == 30);
  CHECK(summary.steps == 30);
  CHECK(summary.samples == 60);
  CHECK(summary.step_ms_mean == Approx(10));
  CHECK(summary.step_ms_median == Approx(10));
  CHECK(summary.step_ms_p90 == Approx(10));
  CHECK(summary.throughput_per_s == Approx(200));
  CHECK(summary.startup_s == Approx(0.105));
  CHECK(summary.wall_s == Approx(0.41));
  CHECK_FALSE(summary.epoch_edge_ms);
}

TEST_CASE("every instant of the window belongs to the first that holds") {
  const Shares shares = Summarize(Load(SteadyRun(30))).shares;
  CHECK(shares.compute == Approx(0.4));
  CHECK(shares.data_wait == Approx(0.3));
  CHECK(shares.sync == Approx(0.05));    // the wait for the device beyond its own time
  CHECK(shares.launch == Approx(0.15));  // receive and launch
  CHECK(shares.copy == 0);
  CHECK(shares.other == Approx(0.1));
  CHECK(Sum(shares) == Approx(1));
  CHECK(shares.stall() == Approx(0.6));
}

TEST_CASE("a run of fewer than 20 steps after priming is summed up whole, and says so") {
  const RunSummary summary = Summarize(Load(SteadyRun(21)));
  CHECK_FALSE(summary.window.steady);
  CHECK(summary.window.first == 0);
  CHECK(summary.window.steps() == 21);
  CHECK(summary.step_ms_mean == Approx((210.0 - 1) / 21));
  CHECK(Summarize(Load(SteadyRun(22))).window.steady);
}

TEST_CASE("without a device timeline main's own step is the compute") {
  TraceBuilder trace;
  for (int i = 0; i < 30; ++i) {
    const double at = 10.0 * i;
    trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, at, at + 4, i);
    trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, at + 4, at + 10, i);
  }
  const RunSummary summary = Summarize(Load(trace));
  CHECK(summary.shares.compute == Approx(0.6));
  CHECK(summary.shares.data_wait == Approx(0.4));
  CHECK(summary.shares.launch == 0);
  CHECK(summary.step_ms_mean == Approx(10));
}

TEST_CASE("a copy counts only where the device does not compute") {
  TraceBuilder trace = SteadyRun(30);
  for (int i = 0; i < 30; ++i) {
    trace.Span(trace.main(), "copy", trace::STAGE_KIND_COPY, 104 + 10 * i, 106 + 10 * i, i);
  }
  const Shares shares = Summarize(Load(trace)).shares;
  CHECK(shares.copy == Approx(0.1));
  CHECK(shares.compute == Approx(0.4));
  CHECK(Sum(shares) == Approx(1));
}

TEST_CASE("where a device recorded its kernels the shares are theirs, and a step computes as long as they take") {
  TraceBuilder trace = SteadyRun(30);
  const uint32_t stream = trace.DeviceStream("cuda:0 stream 7", "GPU");
  const auto work = [&](const char* name, double begin_ms, double end_ms, int batch) {
    trace.Span(stream, name, trace::STAGE_KIND_UNSPECIFIED, begin_ms, end_ms, batch).correlation = 1;
  };
  for (int i = 0; i < 29; ++i) {  // the records of the last step were lost
    const double at = 100 + 10.0 * i;
    work("memcpy HtoD (pinned)", at + 4.5, at + 5, i);
    work("gemm", at + 5, at + 5.5, i);
    work("relu", at + 5.501, at + 6, i);  // back to back
    work("gemm", at + 8, at + 9, i);
  }
  // Work of the host's own, on a row of the same kind.
  trace.Span(stream, "operator", trace::STAGE_KIND_UNSPECIFIED, 100, 390);
  const RunRecord run = Load(trace);
  CHECK(run.iterations[0].device_computing_ns == 2'000'000);
  CHECK(run.iterations[29].device_computing_ns == -1);
  CHECK(run.device_copying.size() == 29);
  CHECK(run.device_computing.size() == 58);
  const RunSummary summary = Summarize(run);
  const double steps = static_cast<double>(summary.window.steps());
  CHECK(summary.shares.compute == Approx((0.2 * (steps - 1) + 0.4) / steps));
  CHECK(summary.shares.copy == Approx(0.05 * (steps - 1) / steps));
  CHECK(summary.shares.sync == Approx((0.25 * (steps - 1) + 0.05) / steps).margin(0.01));  // between the kernels, too
  CHECK(Sum(summary.shares) == Approx(1));
  CHECK(summary.step_ms_mean == Approx(10));
}

TEST_CASE("steps whose device work was not recorded compute as long as those before, or as their work lay there") {
  // 10 ms a step, of which the device has work for five from 5 ms on; main issues it meanwhile, or before.
  TraceBuilder trace;
  const uint32_t events = trace.Track(trace::TRACK_ROLE_STREAM, "cuda");
  const uint32_t stream = trace.DeviceStream("cuda:0 stream 7", "GPU");
  trace.run().set_device_work_steps(10);
  constexpr int kSteps = 60, kIssuedBefore = 59;
  for (int i = 0; i < kSteps; ++i) {
    const double at = 10.0 * i, launch_at = i == kIssuedBefore ? at + 1 : at + 5;
    trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, at, launch_at, i);
    trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, launch_at, launch_at + 4, i);
    trace.Span(events, "step", trace::STAGE_KIND_STEP, at + 5, at + 10, i);
    if (i >= 10) continue;
    trace.Span(stream, "gemm", trace::STAGE_KIND_UNSPECIFIED, at + 5, at + (i == 0 ? 9 : 6), i).correlation = 1;
    trace.Span(stream, "gemm", trace::STAGE_KIND_UNSPECIFIED, at + 9, at + 10, i).correlation = 1;
  }
  const RunRecord run = Load(trace);
  CHECK(run.device_work_steps == 10);
  CHECK(run.iterations[0].device_computing_ns == 5'000'000);
  CHECK(run.iterations[9].device_computing_ns == 2'000'000);
  CHECK(run.iterations[10].device_computing_ns == 2'000'000);
  CHECK(run.iterations[kIssuedBefore].device_computing_ns == 5'000'000);

  const RunSummary summary = Summarize(run);
  CHECK(summary.window.first == 11);  // that in which recording ended is left out, too
  CHECK(summary.step_ms_mean == Approx(10));
  const double steps = static_cast<double>(summary.window.steps());
  CHECK(summary.shares.compute == Approx((0.2 * (steps - 1) + 0.5) / steps));
  CHECK(summary.shares.launch == Approx(0.3).margin(0.01));
  CHECK(summary.shares.data_wait == Approx(0.5).margin(0.01));
  CHECK(Sum(summary.shares) == Approx(1));
}

TEST_CASE(
    "after steps whose device work was recorded a window begins when what was loaded ahead meanwhile is used up") {
  const auto first_of = [](int steps, int recorded, int workers) {
    TraceBuilder trace;
    trace.knobs().set_worker_count(workers);
    trace.knobs().set_prefetch_depth(2);
    if (recorded > 0) trace.run().set_device_work_steps(recorded);
    const uint32_t stream = trace.Track(trace::TRACK_ROLE_STREAM, "cuda");
    for (int i = 0; i < steps; ++i) trace.Span(stream, "step", trace::STAGE_KIND_STEP, 10 * i, 10 * i + 5, i);
    return Summarize(Load(trace)).window.first;
  };
  CHECK(first_of(100, 0, 4) == 8);
  CHECK(first_of(100, 10, 4) == 19);
  CHECK(first_of(35, 10, 4) == 11);   // too few for that
  CHECK(first_of(30, 10, 4) == 8);    // and for this
  CHECK(first_of(100, 100, 4) == 8);  // all of them were
}

TEST_CASE("validation is outside the window, in time and in shares") {
  TraceBuilder paused;
  paused.knobs().set_worker_count(1);
  const uint32_t stream = paused.Track(trace::TRACK_ROLE_STREAM, "cpu stream");
  paused.Phase(trace::PHASE_TRAIN, 0);
  for (int i = 0; i < 40; ++i) {
    const double at = 10.0 * i + (i >= 20 ? 1000 : 0);
    paused.Span(paused.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, at, at + 3, i);
    paused.Span(stream, "step", trace::STAGE_KIND_STEP, at + 3, at + 10, i);
  }
  paused.Phase(trace::PHASE_VALIDATION, 200);
  paused.Phase(trace::PHASE_TRAIN, 1200);
  const RunSummary summary = Summarize(Load(paused));
  CHECK(summary.window.steady);
  CHECK(summary.step_ms_mean == Approx(10));
  CHECK(summary.step_ms_p90 == Approx(10));
  CHECK(summary.shares.compute == Approx(0.7));
  CHECK(summary.shares.data_wait == Approx(0.3));
}

TEST_CASE("steps of a warm-up phase are not steady") {
  TraceBuilder trace = SteadyRun(60);
  trace.Phase(trace::PHASE_WARMUP, 50);
  trace.body().mutable_phases(1)->set_ticks(TraceBuilder::Ticks(205));  // training begins in the eleventh step
  const SteadyWindow window = FindSteadyWindow(Load(trace));
  CHECK(window.steady);
  CHECK(window.first == 11);
}

TEST_CASE("an epoch's end costs what its step takes beyond a usual one") {
  TraceBuilder trace;
  trace.run().set_planned_epochs(3);
  const uint32_t stream = trace.Track(trace::TRACK_ROLE_STREAM, "cpu stream");
  double at = 0;
  for (int i = 0; i < 30; ++i) {
    if (i > 0 && i % 10 == 0) at += i;  // 10 and 20 ms
    trace.Batch(i, 2, i / 10);
    trace.Span(stream, "step", trace::STAGE_KIND_STEP, at, at + 5, i);
    at += 5;
  }
  CHECK(*Summarize(Load(trace)).epoch_edge_ms == Approx(15));
  trace.run().set_planned_epochs(0);  // passes of an endless sampler have no edges
  CHECK_FALSE(Summarize(Load(trace)).epoch_edge_ms);
}

TEST_CASE("stages are means per sample, and the wait of a stage that reads is io") {
  TraceBuilder trace = SteadyRun(30);
  for (int i = 0; i < 30; ++i) {
    TestSpan& lock = trace.Span(2, "augment", trace::STAGE_KIND_SAMPLE, 100 + 10 * i, 100 + 10 * i + 0.5, i);
    lock.sample = 2 * i + 1;
    lock.cpu_ms = 0.1;
  }
  const RunSummary summary = Summarize(Load(trace));
  REQUIRE(summary.stages.size() == 4);
  CHECK(summary.stages[0].name == "read");
  CHECK(summary.stages[0].wall_ms == Approx(2));
  CHECK(summary.stages[0].cpu_ms == Approx(0.5));
  CHECK(summary.stages[0].run_queue_ms == Approx(0.25));
  CHECK(summary.stages[0].io_ms == Approx(1.25));
  CHECK(summary.stages[0].blocked_ms == 0);
  CHECK(summary.stages[0].bytes == 1000);
  CHECK(summary.stages[0].storage_bytes == 4096);
  CHECK(summary.stages[1].io_ms == 0);
  CHECK(summary.stages[2].name == "augment");
  CHECK(summary.stages[2].wall_ms == Approx(0.25));  // one of two samples
  CHECK(summary.stages[2].blocked_ms == Approx(0.2));
  CHECK(summary.stages[3].name == "collate");
  CHECK(summary.stages[3].wall_ms == Approx(0.5));
}

TEST_CASE("lost slots leave the mean of the steps as it is") {
  RunRecord run = Load(SteadyRun(40));
  run.iterations[20] = IterationRecord();
  run.batches[20] = BatchRecord();
  const RunSummary summary = Summarize(run);
  CHECK(summary.steps == 39);
  CHECK(summary.step_ms_mean == Approx(10));
  CHECK(summary.throughput_per_s == Approx(200));
}

TEST_CASE("host memory is the most that the process held, or its resident memory where that is unknown") {
  TraceBuilder trace = SteadyRun(3);
  CHECK_FALSE(Summarize(Load(trace)).host_memory_bytes);
  const uint32_t resident = trace.Series("host_memory_rss", "bytes");
  trace.Counter(resident, 10, 5e9);
  CHECK(Summarize(Load(trace)).host_memory_bytes == 5'000'000'000);
  const uint32_t held = trace.Series("host_memory_held_peak", "bytes");
  trace.Counter(held, 10, 2e9);
  trace.Counter(held, 20, 3e9);
  CHECK(Summarize(Load(trace)).host_memory_bytes == 3'000'000'000);
}

TEST_CASE("what the machine computed beyond the run is what other programs did") {
  const auto others = [](double until_ms) {
    TraceBuilder trace = SteadyRun(3);
    const uint32_t own = trace.Series("cpu_time_process", "ns"), all = trace.Series("cpu_time_machine", "ns");
    trace.Counter(own, 0, 5e9);
    trace.Counter(all, 0, 70e9);
    trace.Counter(own, until_ms, 6e9);
    trace.Counter(all, until_ms, 72.5e9);
    return Summarize(Load(trace)).other_cores;
  };
  CHECK(*others(1000) == Approx(1.5));
  CHECK_FALSE(others(400));
  CHECK_FALSE(Summarize(Load(SteadyRun(3))).other_cores);
}

TEST_CASE("a run without steps has no step times, and its JSON says null") {
  TraceBuilder trace;
  trace.Phase(trace::PHASE_STARTUP, 0);
  TraceContents contents;
  contents.runs.push_back(Load(trace));
  const nlohmann::ordered_json json = InfoJson(contents);
  CHECK(json["steps"] == 0);
  CHECK(json["step_ms"]["mean"].is_null());
  CHECK(json["throughput_per_s"].is_null());
  CHECK(json["startup_s"].is_null());
  CHECK(json["closed"] == false);
}

TEST_CASE("a probe's series are summed up under its name, and values that are no numbers are left out") {
  TraceBuilder trace = SteadyRun(22);
  trace::ProbeRun& cpu = *trace.run().add_probes();
  cpu.set_id("cpu");
  cpu.set_polls(3);
  trace.run().add_probes()->set_id("nvml");
  const uint32_t queue = trace.Series("cpu.run_queue", "1"), other = trace.Series("cpus", "bytes");
  trace.Counter(queue, 101, 1);
  trace.Counter(queue, 111, 4);
  trace.Counter(queue, 121, std::numeric_limits<double>::quiet_NaN());
  trace.Counter(other, 121, 7);
  const RunRecord run = Load(trace);
  REQUIRE(run.probes.size() == 2);
  const auto series = SummarizeProbe(run, run.probes[0]);
  REQUIRE(series.size() == 1);
  CHECK(series[0].name == "run_queue");
  CHECK(series[0].unit == "1");
  CHECK(series[0].values == 2);
  CHECK(series[0].mean == Approx(2.5));
  CHECK(series[0].most == 4);
  CHECK(run.probes[0].told());
  CHECK_FALSE(run.probes[1].told());  // the recording was cut off
  CHECK(SummarizeProbe(run, run.probes[1]).empty());
}

TEST_CASE("the JSON of info has the published keys") {
  TraceContents contents;
  contents.runs.push_back(Load(SteadyRun(30)));
  contents.gaps.push_back({4096, 100, 1, "checksum"});
  const nlohmann::ordered_json json = InfoJson(contents);
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  CHECK(keys == std::vector<std::string>{"schema_version",
                                         "stallpoint_version",
                                         "knobs",
                                         "source",
                                         "closed",
                                         "outcome",
                                         "steps",
                                         "samples",
                                         "wall_s",
                                         "startup_s",
                                         "epoch_edge_ms",
                                         "steady",
                                         "step_ms",
                                         "throughput_per_s",
                                         "shares",
                                         "stall_share",
                                         "stages",
                                         "host_memory_bytes",
                                         "device_memory_bytes",
                                         "growth_per_sample",
                                         "device_work_steps",
                                         "other_cores",
                                         "limits",
                                         "events",
                                         "gaps",
                                         "phases",
                                         "calibration_runs",
                                         "probes"});
  CHECK(json["schema_version"] == 1);
  CHECK(json["knobs"]["worker_count"] == 1);
  CHECK(json["outcome"] == "ok");
  CHECK(json["epoch_edge_ms"].is_null());
  CHECK(json["limits"]["host"].is_null());
  CHECK(json["stages"][0]["name"] == "read");
  CHECK(json["stages"][0]["io_ms"].get<double>() == Approx(1.25));
  CHECK(json["events"]["emitted"] == json["events"]["recorded"].get<int>() + json["events"]["dropped"].get<int>());
  CHECK(json["gaps"][0]["offset_bytes"] == 4096);
  CHECK(json["phases"][1]["name"] == "train");
  CHECK(json["phases"][1]["begin_s"].get<double>() == Approx(0.1));
}

}  // namespace
}  // namespace stallpoint
