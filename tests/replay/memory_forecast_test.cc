#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "replay/predict/predictor.h"
#include "tests/replay/fitted.h"
#include "tests/replay/run_builder.h"
#include "traces/memory_blocks.h"

namespace stallpoint {
namespace {

using testing::FitTo;
using testing::ReadAndDecode;
using testing::Record;

constexpr double kMB = 1e6;
constexpr double kSampleBytes = 150'528;
constexpr double kKept = 130 * kMB;

double DevicePeak(double samples) { return 126 * kMB + 1.6 * kMB * samples; }
double DeviceReserved(double samples) { return 148 * kMB + 2.7 * kMB * samples; }

// What a process on a device without memory of its own would hold, by a law that the model does not know.
RunRecord RecordOnCpu(int64_t batch_size, int32_t workers, RunRecord::Role role = RunRecord::Role::kMain) {
  Knobs knobs = testing::EmulatedKnobs(batch_size, workers, "cpu");
  RunRecord run = Record(ReadAndDecode(0.2, 0.05), {.knobs = knobs, .steps = 60, .role = role});
  const double samples = static_cast<double>(batch_size);
  const double batch = samples * kSampleBytes;
  const double batches = static_cast<double>(workers) * knobs.prefetch_depth + knobs.steps_in_flight;
  const double buffers = batches * batch + std::max(1, workers) * batch;
  const auto peak = [&run](const std::string& series, double bytes) { run.counters[series] = {{run.end_ns, bytes}}; };
  peak("device_memory", DevicePeak(samples));
  peak("device_memory_kept", kKept);
  peak("device_memory_reserved", DeviceReserved(samples));
  peak("arena_memory", batch);
  peak("buffer_memory", buffers);
  peak("host_memory_held_peak",
       65 * kMB + 3 * kMB * workers + 0.05 * kMB * samples + buffers + DeviceReserved(samples));
  return run;
}

double LiveHost(int64_t batch_size, int32_t workers) {
  return RecordOnCpu(batch_size, workers).counters["host_memory_held_peak"].front().value;
}

// The same run of a process that keeps so much of every sample.
RunRecord Leaking(RunRecord run, double bytes_per_sample) {
  std::vector<CounterPoint>& held = run.counters["host_memory_held"];
  double loaded = 0;
  std::vector<BatchRecord> batches = run.batches;
  std::sort(batches.begin(), batches.end(), [](const auto& a, const auto& b) { return a.load_end_ns < b.load_end_ns; });
  for (const BatchRecord& batch : batches) {
    loaded += batch.samples;
    held.push_back({batch.load_end_ns, 200 * kMB + bytes_per_sample * loaded});
  }
  held.push_back({run.end_ns, 120 * kMB});  // given back as the run ends
  run.counters["host_memory_held_peak"].front().value += bytes_per_sample * loaded;
  return run;
}

Knobs Changed(const RunRecord& run, int64_t batch_size, int32_t workers) {
  Knobs knobs = run.knobs;
  knobs.batch_size = batch_size;
  knobs.worker_count = workers;
  return knobs;
}

TEST_CASE("with two batch sizes and two worker counts recorded, memory of others is known to a few percent") {
  const RunRecord run = RecordOnCpu(16, 1);
  const auto predictor =
      FitTo({run, RecordOnCpu(16, 2, RunRecord::Role::kCalibration), RecordOnCpu(8, 2, RunRecord::Role::kCalibration)});
  for (const int64_t batch : {4, 16, 24, 48}) {
    for (const int32_t workers : {0, 1, 4}) {
      INFO("batch " << batch << ", " << workers << " workers");
      const Prediction p = predictor->Predict(Changed(run, batch, workers));
      CHECK(*p.device_memory_bytes == Approx(std::max(kKept, DevicePeak(batch))).epsilon(0.01));
      CHECK(*p.host_memory_bytes == Approx(LiveHost(batch, workers)).epsilon(0.03));
    }
  }
}

TEST_CASE(
    "what workers hold is not taken for what a larger batch holds, where runs of the larger batch had more of them") {
  const RunRecord run = RecordOnCpu(16, 1);
  const auto calibration = RunRecord::Role::kCalibration;
  const auto predictor =
      FitTo({run, RecordOnCpu(16, 12, calibration), RecordOnCpu(16, 6, calibration), RecordOnCpu(8, 1, calibration)});
  for (const int64_t batch : {8, 64}) {
    const Prediction p = predictor->Predict(Changed(run, batch, 1));
    CHECK(*p.host_memory_bytes == Approx(LiveHost(batch, 1)).epsilon(0.02));
    CHECK(p.host_memory_bounds->low < LiveHost(batch, 1));
    CHECK(p.host_memory_bounds->high > LiveHost(batch, 1));
  }
}

TEST_CASE("what stays of every sample is foreseen for runs of any length, and when it fills the memory there is") {
  const auto calibration = RunRecord::Role::kCalibration;
  constexpr double kLeak = 100e3;
  RunRecord run = Leaking(RecordOnCpu(16, 1), kLeak);
  run.dataset_samples = 5000;
  run.machine_memory_bytes = 1'000'000'000;
  const auto predictor =
      FitTo({run, Leaking(RecordOnCpu(16, 2, calibration), kLeak), Leaking(RecordOnCpu(8, 2, calibration), kLeak)});
  CHECK(predictor->HostLeakPerSample() == Approx(kLeak).epsilon(0.01));
  CHECK(predictor->DeviceLeakPerSample() == 0);
  for (const int64_t steps : {100, 300}) {
    const Prediction p = predictor->PredictRun(run.knobs, {.steps = steps});
    CHECK(*p.host_memory_bytes == Approx(LiveHost(16, 1) + kLeak * 16 * static_cast<double>(steps)).epsilon(0.03));
    CHECK(*p.p_out_of_memory < 0.01);
  }
  const double before = LiveHost(16, 1);
  const Prediction p = predictor->Predict(run.knobs);
  CHECK(*p.host_full_after_samples == Approx((1e9 - before) / kLeak).epsilon(0.02));
  // An epoch takes less than that, and under half of it more than there is.
  CHECK(*p.host_memory_bytes == Approx(before + kLeak * 5000).epsilon(0.03));
  CHECK(*p.p_out_of_memory < 0.01);
  Knobs half = run.knobs;
  half.host_limit_bytes = 500'000'000;
  CHECK(*predictor->Predict(half).p_out_of_memory > 0.99);
  CHECK(*predictor->Predict(half).host_full_after_samples < 5000);
}

// The same run on a device that keeps so much of every sample; one without memory of its own is the host's.
RunRecord LeakingOnDevice(RunRecord run, double bytes_per_sample) {
  const bool on_host = run.counters.contains("device_memory_reserved");
  std::vector<CounterPoint>& kept = run.counters[on_host ? "device_memory_kept" : "device_memory"];
  const double before = kept.empty() ? kKept : kept.front().value;
  kept.clear();
  double stepped = 0;
  for (const IterationRecord& step : run.iterations) {
    stepped += static_cast<double>(run.knobs.batch_size);
    kept.push_back({step.device_end_ns, before + bytes_per_sample * stepped});
  }
  if (!on_host) return run;
  for (const char* series : {"device_memory", "device_memory_reserved"}) {
    run.counters[series].front().value += bytes_per_sample * stepped;
  }
  return Leaking(std::move(run), bytes_per_sample);
}

TEST_CASE("what stays of every sample on a device is told from what stays on the host, whose memory it may be") {
  const auto calibration = RunRecord::Role::kCalibration;
  constexpr double kLeak = 50e3;
  RunRecord run = LeakingOnDevice(RecordOnCpu(16, 1), kLeak);
  run.dataset_samples = 5000;
  run.machine_memory_bytes = 1'000'000'000;
  const auto predictor = FitTo({run, LeakingOnDevice(RecordOnCpu(16, 2, calibration), kLeak),
                                LeakingOnDevice(RecordOnCpu(8, 2, calibration), kLeak)});
  CHECK(predictor->DeviceLeakPerSample() == Approx(kLeak).epsilon(0.03));
  CHECK(predictor->HostLeakPerSample() == 0);
  const Prediction p = predictor->Predict(run.knobs);
  CHECK(*p.device_memory_bytes == Approx(DevicePeak(16) + kLeak * 5000).epsilon(0.03));
  CHECK(*p.host_memory_bytes == Approx(LiveHost(16, 1) + kLeak * 5000).epsilon(0.03));
  CHECK(*p.full_after_samples() == Approx((1e9 - LiveHost(16, 1)) / kLeak).epsilon(0.02));
  CHECK_FALSE(p.device_full_after_samples);
  Knobs limited = run.knobs;
  limited.device_limit_bytes = 300'000'000;
  const Prediction full = predictor->Predict(limited);
  CHECK(*full.full_after_samples() == Approx((3e8 - DevicePeak(16)) / kLeak).epsilon(0.05));
  CHECK(*full.p_out_of_memory > 0.99);
  // A batch half as large does with less for longer.
  Knobs half = limited;
  half.batch_size = 8;
  CHECK(*predictor->Predict(half).device_full_after_samples > *full.device_full_after_samples);
}

TEST_CASE("gradients that are accumulated over steps come and go, and are no leak") {
  RunRecord run = RecordOnCpu(16, 1);
  std::vector<CounterPoint>& kept = run.counters["device_memory_kept"];
  kept.clear();
  for (const IterationRecord& step : run.iterations) {
    kept.push_back({step.device_end_ns, kKept + (step.index % 4 == 0 ? 0 : 40 * kMB)});
  }
  // Few when it begins to count, and many at the end.
  for (size_t dropped = 0; dropped < 4; ++dropped) {
    CHECK(FitTo({run})->DeviceLeakPerSample() == 0);
    kept.pop_back();
  }
}

TEST_CASE("of a GPU, whose allocator takes memory in segments, growth is believed beyond a few of them") {
  const auto recorded = [](double bytes_per_sample) {
    RunRecord run = Record(ReadAndDecode(0.2, 0.05), {.knobs = testing::EmulatedKnobs(16, 2, "cuda:0"), .steps = 60});
    run = LeakingOnDevice(std::move(run), bytes_per_sample);
    run.device_total_bytes = 2'000'000'000;
    return run;
  };
  CHECK(FitTo({recorded(10e3)})->DeviceLeakPerSample() == 0);
  const RunRecord run = recorded(1e6);
  const auto predictor = FitTo({run});
  CHECK(predictor->DeviceLeakPerSample() == Approx(1e6).epsilon(0.03));
  CHECK(predictor->HostLeakPerSample() == 0);
  CHECK(*predictor->Predict(run.knobs).device_full_after_samples == Approx((2e9 - kKept) / 1e6).epsilon(0.03));
  CHECK_FALSE(predictor->Predict(run.knobs).host_full_after_samples);
}

TEST_CASE("what grows while a process warms up, and by no more than processes differ, is no leak") {
  RunRecord warming = RecordOnCpu(16, 1);
  const int64_t tenth = (warming.end_ns - warming.begin_ns) / 10;
  for (int i = 0; i <= 10; ++i) {
    warming.counters["host_memory_held"].push_back(
        {warming.begin_ns + i * tenth, 200 * kMB + 20 * kMB * std::min(i, 4)});
  }
  CHECK(FitTo({warming})->HostLeakPerSample() == 0);
  const auto predictor = FitTo({Leaking(RecordOnCpu(16, 1), 1000)});
  CHECK(predictor->HostLeakPerSample() == 0);
  CHECK_FALSE(predictor->Predict(warming.knobs).full_after_samples());
}

TEST_CASE("a setting that ran out of memory is not said to fit, and less of it may") {
  RunRecord run = RecordOnCpu(16, 4);
  run.outcome = "out-of-memory";
  run.knobs.host_limit_bytes = 290'000'000;
  run.outcome_message = "host memory: the run needed more than its limit";
  // The last reading was before the step that took it there.
  run.counters["host_memory_held_peak"].front().value = 250e6;
  const auto predictor = FitTo({run, RecordOnCpu(8, 4, RunRecord::Role::kCalibration)});
  CHECK(*predictor->Predict(run.knobs).p_out_of_memory > 0.9);
  CHECK(*predictor->Predict(Changed(run, 4, 1)).p_out_of_memory < 0.1);
  run.outcome_message = "device memory: 12 MiB more are needed";
  run.knobs.device_limit_bytes = 200'000'000;
  const Prediction lacking = FitTo({run})->Predict(run.knobs);
  CHECK(*lacking.p_out_of_memory > 0.9);
  // The host is not charged for what the device lacked.
  run.outcome = "ok";
  CHECK(*lacking.host_memory_bytes == Approx(*FitTo({run})->Predict(run.knobs).host_memory_bytes));
}

TEST_CASE("page-locked memory holds a batch for each step that a GPU has memory for") {
  Knobs knobs = testing::EmulatedKnobs(16, 2, "cuda:0");
  knobs.pin_host_memory = true;
  const RunRecord run = Record(ReadAndDecode(0.2, 0.05), {.knobs = knobs, .steps = 60});
  const auto predictor = FitTo({run});
  Knobs ahead = knobs;
  ahead.steps_in_flight = 4;
  const double more = *predictor->Predict(ahead).host_memory_bytes - *predictor->Predict(knobs).host_memory_bytes;
  // Besides, as many batches more wait for their steps.
  CHECK(more >= 2 * 16 * kSampleBytes);
  CHECK(more <= 2 * 16 * kSampleBytes + 2 * static_cast<double>(PoolCapacity(16 * 150'528, kBatchCapacitiesPerOctave)));
  // A batch four times as large: what is page-locked grows with all the others.
  Knobs large = knobs;
  large.batch_size = 64;
  const double grown = *predictor->Predict(large).host_memory_bytes - *predictor->Predict(knobs).host_memory_bytes;
  CHECK(grown >= 4 * 48 * kSampleBytes + 3 * 48 * kSampleBytes);
}

TEST_CASE("from one run, what is kept whatever the batch tells the model from what grows with the batch") {
  const RunRecord run = RecordOnCpu(16, 1);
  const auto predictor = FitTo({run});
  CHECK(*predictor->Predict(Changed(run, 32, 1)).device_memory_bytes == Approx(DevicePeak(32)).epsilon(0.03));
  CHECK(*predictor->Predict(Changed(run, 32, 1)).host_memory_bytes == Approx(LiveHost(32, 1)).epsilon(0.1));
  CHECK(*predictor->Predict(Changed(run, 1, 1)).device_memory_bytes >= kKept);
}

TEST_CASE("of three batch sizes one that the others do not foretell makes the memory of all less sure") {
  const auto calibration = RunRecord::Role::kCalibration;
  const RunRecord run = RecordOnCpu(16, 1);
  const RunRecord small = RecordOnCpu(8, 1, calibration);
  RunRecord large = RecordOnCpu(64, 1, calibration);
  const auto width = [&](const std::vector<RunRecord>& runs) {
    const Bounds bounds = *FitTo(runs)->Predict(Changed(run, 32, 1)).device_memory_bounds;
    return bounds.high - bounds.low;
  };
  const double as_foretold = width({run, small, large});
  // Other kernels, that need a tenth more.
  const double needed = 1.1 * DevicePeak(64);
  large.counters["device_memory"].front().value = needed;
  CHECK(width({run, small, large}) > 1.5 * as_foretold);
  const Prediction p = FitTo({run, small, large})->Predict(Changed(run, 64, 1));
  CHECK(p.device_memory_bounds->low < needed);
  CHECK(p.device_memory_bounds->high > needed);
}

TEST_CASE("the further a setting is from what was recorded, the wider the limits between safe and hopeless") {
  const RunRecord run = RecordOnCpu(16, 1);
  const auto predictor = FitTo({run});
  const auto unsure = [&](int64_t batch) {
    Knobs knobs = Changed(run, batch, 1);
    const double expected = *predictor->Predict(knobs).device_memory_bytes;
    const auto chance = [&](double part) {
      knobs.device_limit_bytes = static_cast<uint64_t>(part * expected);
      return *predictor->Predict(knobs).p_out_of_memory;
    };
    CHECK(chance(0.5) > 0.99);
    CHECK(chance(1.0) == Approx(0.5).margin(0.01));
    CHECK(chance(2) < 0.01);
    return chance(1.04);
  };
  CHECK(unsure(16) < 0.01);
  CHECK(unsure(64) > 0.1);
}

TEST_CASE("an emulated device takes no memory of the host, though the recorded one did") {
  const RunRecord run = RecordOnCpu(16, 1);
  const auto predictor = FitTo({run});
  Knobs knobs = run.knobs;
  const double on_cpu = *predictor->Predict(knobs).host_memory_bytes;
  knobs.device = "emulated:launch=1ms,sample=1ms";
  const Prediction emulated = predictor->Predict(knobs);
  CHECK(on_cpu - *emulated.host_memory_bytes == Approx(DeviceReserved(16)));
  CHECK_FALSE(emulated.device_memory_bytes);
}

TEST_CASE("without a limit, and above it, all that the machine has is the limit") {
  RunRecord run = RecordOnCpu(16, 1);
  run.machine_memory_bytes = 2'000'000'000;
  const auto predictor = FitTo({run, RecordOnCpu(8, 1, RunRecord::Role::kCalibration)});
  CHECK(*predictor->Predict(run.knobs).p_out_of_memory < 0.01);
  for (const uint64_t limit : {uint64_t{0}, uint64_t{1} << 40}) {
    Knobs knobs = Changed(run, 1024, 1);
    knobs.host_limit_bytes = limit;
    const Prediction p = predictor->Predict(knobs);
    CHECK(p.host_room_bytes == 2e9);
    CHECK(*p.host_memory_bytes > 2e9);
    CHECK(*p.p_out_of_memory > 0.99);
    CHECK(p.bound == Bound::kMemory);
  }
}

TEST_CASE("that the host does not fit is known of a device whose memory is not") {
  RunRecord run = RecordOnCpu(16, 1);
  run.machine_memory_bytes = 2'000'000'000;
  const auto predictor = FitTo({run});
  Knobs knobs = Changed(run, 16, 1);
  knobs.device = "emulated:launch=1ms,sample=1ms";
  CHECK_FALSE(predictor->Predict(knobs).p_out_of_memory);
  knobs.batch_size = 8192;
  CHECK(*predictor->Predict(knobs).p_out_of_memory > 0.99);
}

TEST_CASE("a trace that says only what was resident still gives host memory, and nothing of the device") {
  RunRecord run = Record(ReadAndDecode(2, 1), {.knobs = testing::EmulatedKnobs(8, 2)});
  run.counters.clear();
  run.counters["host_memory_rss"] = {{run.end_ns, 500e6}};
  const Prediction p = FitTo({run})->Predict(run.knobs);
  CHECK(*p.host_memory_bytes == Approx(500e6).epsilon(0.01));
  CHECK_FALSE(p.device_memory_bytes);

  run.counters.clear();
  CHECK_FALSE(FitTo({run})->Predict(run.knobs).host_memory_bytes);
}

}  // namespace
}  // namespace stallpoint
