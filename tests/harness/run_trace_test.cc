#include <algorithm>

#include "catch.h"
#include "tests/harness/run_support.h"
#include "tests/harness/scratch_folder.h"

namespace stallpoint {
namespace {

// Of the conversion from ticks, which is piecewise.
constexpr int64_t kClockNs = 20'000;

RunRecord Record(RunRequest request) {
  const ScratchFolder folder;
  request.trace_path = folder.File("a.sptrace");
  const RunOutcome outcome = Execute(request);
  INFO(outcome.message);
  REQUIRE(outcome.outcome == trace::OUTCOME_OK);
  return Load(request.trace_path);
}

std::vector<double> Losses(const RunRecord& run) {
  std::vector<double> losses;
  for (const IterationRecord& iteration : run.iterations) losses.push_back(iteration.loss.value_or(-1));
  return losses;
}

TEST_CASE("The loss, a checksum of all samples in order, is the same for any number of workers") {
  RunRequest request = Misbehaving({});
  request.knobs.worker_count = 0;
  const std::vector<double> expected = Losses(Record(request));
  REQUIRE(expected.size() == 20);
  for (int workers : {1, 3, 8}) {
    request.knobs.worker_count = workers;
    CHECK(Losses(Record(request)) == expected);
  }
}

TEST_CASE("Every step is recorded as wait, receive, launch and sync of main and a step of the device, in this order") {
  RunRequest request = Misbehaving({{"pause_us", "200"}});
  request.knobs.worker_count = GENERATE(0, 2);
  const RunRecord run = Record(request);
  REQUIRE(run.iterations.size() == 20);
  int64_t main_ns = 0, device_ns = 0;
  for (const IterationRecord& step : run.iterations) {
    CHECK(step.wait_begin_ns >= main_ns);
    CHECK(step.wait_end_ns >= step.wait_begin_ns);
    CHECK(step.receive_begin_ns >= step.wait_end_ns);
    CHECK(step.launch_begin_ns >= step.receive_end_ns);
    CHECK(step.sync_begin_ns >= step.launch_end_ns);
    CHECK(step.device_begin_ns >= step.launch_begin_ns);
    CHECK(step.device_begin_ns >= device_ns);
    main_ns = step.sync_end_ns;
    device_ns = step.device_end_ns;
  }
}

TEST_CASE("Every batch is recorded with its samples, its worker, its load and its sample stages") {
  const RunRecord run = Record(Misbehaving({}));
  REQUIRE(run.batches.size() == 20);
  for (const BatchRecord& batch : run.batches) {
    CHECK(batch.samples == 4);
    CHECK(batch.bytes == 32);
    CHECK(batch.worker == batch.index % 2);
    CHECK(batch.load_begin_ns > 0);
    CHECK(batch.load_end_ns >= batch.load_begin_ns);
    CHECK(batch.load_end_ns <= run.iterations[static_cast<size_t>(batch.index)].wait_end_ns);
  }
  CHECK(run.samples.size() == 80);
  CHECK(run.sample_stages == std::vector<std::string>{"read"});
  CHECK(run.batch_bytes_per_sample == 8);
  CHECK(run.dataset_samples == 64);
  CHECK(run.source == "misbehaving");
  CHECK(run.source_was_file);
  CHECK(run.counters.at("queue_depth").size() == 20);
  CHECK(run.step_parts_ns.count("forward") == 1);
}

TEST_CASE("Without workers main loads inside its wait") {
  RunRequest request = Misbehaving({});
  request.knobs.worker_count = 0;
  const RunRecord run = Record(request);
  for (const BatchRecord& batch : run.batches) {
    const IterationRecord& step = run.iterations[static_cast<size_t>(batch.index)];
    CHECK(batch.load_begin_ns >= step.wait_begin_ns);
    CHECK(batch.load_end_ns <= step.wait_end_ns);
  }
}

TEST_CASE(
    "Emulated steps take launch + sample times their samples, never overlap, and begin when issued or when the device "
    "is free") {
  RunRequest request = Misbehaving({});
  request.knobs.device = "emulated:launch=1ms,sample=500us,base=1MiB,sample_bytes=1MiB";
  request.knobs.steps_in_flight = 3;
  request.steps = 0;
  request.epochs = 1;
  request.knobs.batch_size = 5;  // of 64 samples: the last batch has 4
  const RunRecord run = Record(request);
  REQUIRE(run.iterations.size() == 13);
  int64_t free_ns = 0;
  for (const IterationRecord& step : run.iterations) {
    const int64_t samples = step.index == 12 ? 4 : 5;
    CHECK(std::abs(step.device_end_ns - step.device_begin_ns - (1'000'000 + 500'000 * samples)) <= kClockNs);
    CHECK(step.device_begin_ns >= free_ns);
    CHECK(step.device_begin_ns >= step.launch_begin_ns - kClockNs);
    CHECK(step.device_begin_ns <= std::max(free_ns, step.launch_end_ns) + kClockNs);
    free_ns = step.device_end_ns;
    CHECK_FALSE(step.loss.has_value());
  }
  double most = 0;
  for (const CounterPoint& point : run.counters.at("device_memory")) most = std::max(most, point.value);
  CHECK(most == 16 * 1024.0 * 1024.0);
}

TEST_CASE("Main runs ahead of the device by the steps in flight and no further") {
  RunRequest request = Misbehaving({});
  request.knobs.device = "emulated:launch=3ms";
  const int32_t in_flight = GENERATE(1, 2, 4);
  request.knobs.steps_in_flight = in_flight;
  const RunRecord run = Record(request);
  for (size_t i = static_cast<size_t>(in_flight); i < run.iterations.size(); ++i) {
    const IterationRecord& freed = run.iterations[i - static_cast<size_t>(in_flight)];
    CHECK(run.iterations[i].wait_begin_ns >= freed.device_end_ns - kClockNs);
  }
}

TEST_CASE("With sync_each_step main waits for every step, whatever may be in flight") {
  RunRequest request = Misbehaving({{"sync_each_step", "1"}});
  request.knobs.device = "emulated:launch=2ms";
  request.knobs.steps_in_flight = 4;
  const RunRecord run = Record(request);
  for (const IterationRecord& step : run.iterations) CHECK(step.sync_end_ns >= step.device_end_ns - kClockNs);
}

TEST_CASE("The bundled synthetic workload records all its stages") {
  RunRequest request;
  request.plugin = "synthetic";
  request.options = {{"decode_cpu", "10us"}, {"step_launch", "10us"}, {"step_sample", "1us"}, {"read_sleep", "10us"}};
  request.knobs.batch_size = 4;
  request.knobs.worker_count = 2;
  request.steps = 10;
  const RunRecord run = Record(request);
  CHECK(run.sample_stages == std::vector<std::string>{"read", "decode", "transform"});
  CHECK(run.samples.size() == 40);
  CHECK_FALSE(run.source_was_file);
  REQUIRE(run.phases.size() == 3);
  CHECK(run.phases[0].name == "startup");
  CHECK(run.phases[1].name == "train");
  CHECK(run.phases[2].name == "shutdown");
  CHECK(run.unknown_ids == 0);
  CHECK(run.read_set_aside == 0);
}

}  // namespace
}  // namespace stallpoint
