// Runs that end, or will end, for want of memory.
#include <vector>

#include "catch.h"
#include "diagnosed.h"
#include "run_builder.h"

namespace stallpoint {

using testing::EmulatedKnobs;
using testing::Explain;
using testing::Find;
using testing::ReadAndDecode;
using testing::Record;
using testing::Says;
using testing::Why;

TEST_CASE("a run that ran out of memory is told whether it grew, and otherwise what would fit") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 6)});
  run.outcome = "out-of-memory";
  run.outcome_message = "host memory: the run needed more than its limit of 256MiB";
  run.knobs.host_limit_bytes = 256 << 20;
  auto& held = run.counters["host_memory_held"];
  const int64_t step_ns = (run.end_ns - run.begin_ns) / 20;
  const auto memory = [&](double grows) {
    held.clear();
    for (int i = 0; i <= 20; ++i) held.push_back({run.begin_ns + i * step_ns, 150e6 + grows * i});
  };

  memory(5e6);
  const Diagnosis growing = Why(run);
  CHECK(growing.verdict == "worker-memory-growth");
  CHECK(growing.bound == Bound::kMemory);
  CHECK(Says(growing.causes[0].evidence[1], "a sample"));

  memory(0);
  const Diagnosis large = Why(run);
  CHECK(large.verdict == "out-of-memory");
  CHECK(Says(large.lines[1], "limit of 256MiB"));
  CHECK(Says(large.lines[2], "--prefetch"));
}

TEST_CASE("a run that will be out of memory before an epoch is over is told so while it has enough") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 6)});
  run.dataset_samples = 100'000;
  run.machine_memory_bytes = 8'000'000'000;
  const auto keep = [&run](double bytes_per_sample) {
    auto& held = run.counters["host_memory_held"];
    held.clear();
    for (size_t i = 0; i < run.batches.size(); ++i) {
      held.push_back({run.batches[i].load_end_ns, 150e6 + bytes_per_sample * 8 * static_cast<double>(i + 1)});
    }
    run.counters["host_memory_held_peak"] = {{run.end_ns, held.back().value}};
  };
  keep(50e3);
  CHECK(Why(run).healthy);
  keep(500e3);
  const Diagnosis growing = Why(run);
  INFO(Explain(growing));
  CHECK(growing.verdict == "worker-memory-growth");
  CHECK_FALSE(growing.healthy);
  CHECK(Says(growing.causes[0].evidence[0], "the 7.45 GiB of host memory are full after 15"));
  CHECK(Says(growing.lines[2], "Something is kept of every sample"));
}

TEST_CASE("a device that keeps something of every step is told from loading that does") {
  RunRecord run = Record(ReadAndDecode(2, 0.2), {.knobs = EmulatedKnobs(8, 6, "cuda:0")});
  run.dataset_samples = 100'000;
  run.device_total_bytes = 8'000'000'000;
  const auto keep = [&run](double bytes_per_sample) {
    std::vector<CounterPoint>& used = run.counters["device_memory"];
    used.clear();
    for (size_t i = 0; i < run.iterations.size(); ++i) {
      used.push_back({run.iterations[i].device_end_ns, 150e6 + bytes_per_sample * 8 * static_cast<double>(i + 1)});
    }
  };
  keep(0);
  CHECK(Find(Why(run), "device-memory-growth") == nullptr);
  keep(500e3);
  const Diagnosis growing = Why(run);
  INFO(Explain(growing));
  CHECK(growing.verdict == "device-memory-growth");
  CHECK(Says(growing.causes[0].evidence[0], "the 7.45 GiB of device memory are full after 15"));
  CHECK(Says(growing.lines[2], "Something is kept of every step"));

  run.outcome = "out-of-memory";
  run.outcome_message = "device memory: CUDA out of memory";
  CHECK(Why(run).verdict == "device-memory-growth");
  CHECK(Why(run).bound == Bound::kMemory);
  keep(0);
  CHECK(Why(run).verdict == "out-of-memory");
}

}  // namespace stallpoint
