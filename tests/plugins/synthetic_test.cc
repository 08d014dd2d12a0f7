// The synthetic workload and the faults, through the C table of the built plugin.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"

namespace {

using namespace stallpoint::testing;

using Settings = std::map<std::string, std::string>;

const sp_entry* Plugin() {
  static const sp_entry* entry = LoadEntry(STALLPOINT_SYNTHETIC_PLUGIN);
  return entry;
}

// Nothing costs anything unless `settings` says so.
Settings Free(Settings settings) {
  settings.merge(Settings{{"read_sleep", "0"},
                          {"decode_cpu", "0"},
                          {"transform_cpu", "0"},
                          {"step_launch", "0"},
                          {"step_sample", "0"},
                          {"sample_bytes", "64"}});
  return settings;
}

// A workload that is open and begun.
struct Run {
  explicit Run(const Settings& settings, sp_knobs knobs = Knobs())
      : host(Free(settings)), workload(Plugin(), "synthetic", host) {
    REQUIRE(workload.open().code == SP_OK);
    REQUIRE(workload.begin(knobs).code == SP_OK);
  }
  FakeHost host;
  LoadedWorkload workload;
  FakeArena arena;

  Answer load(uint64_t index, int32_t worker = 0) {
    sp_sample sample;
    return workload.load(index, arena, &sample, worker);
  }
  FakeHost::StageSeen stage(const std::string& name) const {
    for (const auto& seen : host.stages()) {
      if (seen.name == name) return seen;
    }
    FAIL("no stage " << name);
    return {};
  }
};

// The most of five runs: what a hypervisor takes meanwhile passes, but is nobody's CPU time.
int64_t CpuBurntInDecode(const Settings& settings) {
  int64_t most_ns = 0;
  for (int attempt = 0; attempt < 5; ++attempt) {
    Run run(settings);
    REQUIRE(run.load(0).code == SP_OK);
    most_ns = std::max(most_ns, run.stage("decode").cpu_ns);
  }
  return most_ns;
}

std::vector<uint64_t> Indices(uint64_t first, size_t count) {
  std::vector<uint64_t> indices(count);
  std::iota(indices.begin(), indices.end(), first);
  return indices;
}

std::vector<float> FirstTensor(Run& run, const std::vector<uint64_t>& indices) {
  BuiltBatch batch;
  REQUIRE(run.workload.build(indices, &batch).code == SP_OK);
  const auto* values = reinterpret_cast<const float*>(batch.memory[0].data());
  return {values, values + batch.memory[0].size() / sizeof(float)};
}

double ResidentMiB() {
  std::ifstream file("/proc/self/statm");
  long total = 0;
  long resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace

TEST_CASE("a sample passes read, decode and transform in this order") {
  Run run({});
  REQUIRE(run.load(0).code == SP_OK);
  REQUIRE(run.host.stages().size() == 3);
  CHECK(run.host.stages()[0].name == "read");
  CHECK(run.host.stages()[1].name == "decode");
  CHECK(run.host.stages()[2].name == "transform");
}

TEST_CASE("a stage burns the CPU time and waits the time that its options say") {
  const Settings settings = {{"decode_cpu", "5ms"}, {"read_sleep", "5ms"}};
  CHECK(CpuBurntInDecode(settings) >= 5'000'000);
  Run run(settings);
  REQUIRE(run.load(0).code == SP_OK);
  CHECK(run.stage("read").wall_ns >= 5'000'000);
  CHECK(run.stage("read").cpu_ns < run.stage("decode").cpu_ns);
}

TEST_CASE("a stage reads the bytes that its option says, also more than the file holds") {
  Run run({{"read_bytes", "300KiB"}, {"file_size", "128KiB"}});
  REQUIRE(run.load(0).code == SP_OK);
  CHECK(run.stage("read").bytes == 300 * 1024);
  CHECK(run.stage("decode").bytes == 0);
}

TEST_CASE("memory traffic costs CPU time") {
  Run run({{"transform_traffic", "64MiB"}, {"traffic_buffer", "4MiB"}});
  REQUIRE(run.load(0).code == SP_OK);
  CHECK(run.stage("transform").cpu_ns > 1'000'000);
}

TEST_CASE("the same seed and index give the same sample, whatever worker loads it and when") {
  Run first({}, Knobs(4, 7));
  Run second({}, Knobs(4, 7));
  FirstTensor(second, {9, 3});
  CHECK(FirstTensor(first, {3, 5}) == FirstTensor(second, {3, 5}));
  Run other_seed({}, Knobs(4, 8));
  CHECK(FirstTensor(first, {3, 5}) != FirstTensor(other_seed, {3, 5}));
}

TEST_CASE("sizes vary around their mean, and a batch is padded to its longest") {
  Run run({{"sample_bytes", "64KiB"}, {"size_sigma", "0.5"}});
  std::set<uint64_t> sizes;
  double total = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    FakeArena arena;
    sp_sample sample;
    REQUIRE(run.workload.load(i, arena, &sample).code == SP_OK);
    sizes.insert(sample.bytes);
    total += static_cast<double>(sample.bytes);
  }
  CHECK(sizes.size() > 300);
  CHECK(total / 400 == Approx(65536).epsilon(0.1));

  BuiltBatch batch;
  REQUIRE(run.workload.build(Indices(0, 8), &batch).code == SP_OK);
  CHECK(batch.tensors[0].shape[0] == 8);
  CHECK(batch.tensors[1].shape[0] == 8);
  CHECK(static_cast<uint64_t>(batch.tensors[0].shape[1]) * sizeof(float) > 65536);
}

TEST_CASE("lognormal and bimodal costs keep their mean") {
  const auto [distribution, more] = GENERATE(table<std::string, Settings>(
      {{"lognormal", {{"sigma", "0.6"}}}, {"bimodal", {{"slow_share", "0.2"}, {"slow_factor", "8"}}}}));
  Settings settings = {{"distribution", distribution}, {"read_bytes", "40000"}, {"file_size", "1MiB"}};
  settings.insert(more.begin(), more.end());
  Run run(settings);
  for (uint64_t i = 0; i < 1500; ++i) REQUIRE(run.load(i).code == SP_OK);
  double total = 0;
  std::set<uint64_t> seen;
  for (const auto& stage : run.host.stages()) {
    total += static_cast<double>(stage.bytes);
    if (stage.name == "read") seen.insert(stage.bytes);
  }
  CHECK(total / 1500 == Approx(40000).epsilon(0.08));
  CHECK(seen.size() == (distribution == "bimodal" ? 2U : seen.size()));
  CHECK(seen.size() > 1);
}

TEST_CASE("the loss of the synthetic workload falls to the noise of its data") {
  Run run({});
  const double first = run.workload.train(Indices(0, 32));
  double last = first;
  for (uint64_t step = 1; step < 150; ++step) last = run.workload.train(Indices(step * 16, 32));
  CHECK(first > 5);
  CHECK(last < 0.1);
}

TEST_CASE("with accumulation the optimizer steps every so many batches") {
  Run run({}, Knobs(1, 0, 3));
  std::vector<int32_t> stepped;
  for (uint64_t i = 0; i < 6; ++i) {
    BuiltBatch batch;
    REQUIRE(run.workload.build(Indices(i, 4), &batch).code == SP_OK);
    sp_step_result result;
    REQUIRE(run.workload.step(batch, &result).code == SP_OK);
    stepped.push_back(result.optimizer_stepped);
  }
  CHECK(stepped == std::vector<int32_t>{0, 0, 1, 0, 0, 1});
}

TEST_CASE("a step costs its launch and its samples, and marks its parts") {
  Run run({{"step_launch", "3ms"}, {"step_sample", "1ms"}});
  BuiltBatch batch;
  REQUIRE(run.workload.build(Indices(0, 4), &batch).code == SP_OK);
  timespec before;
  timespec after;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  sp_step_result result;
  REQUIRE(run.workload.step(batch, &result).code == SP_OK);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  CHECK((after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec >= 7'000'000);
  CHECK(run.host.marks() == std::vector<int32_t>{SP_MARK_FORWARD, SP_MARK_BACKWARD, SP_MARK_OPTIMIZER, SP_MARK_END});
}

TEST_CASE("a workload can begin again after its end, and starts from nothing") {
  Run run({});
  const double first = run.workload.train(Indices(0, 16));
  run.workload.train(Indices(0, 16));
  run.workload.end();
  REQUIRE(run.workload.begin(Knobs()).code == SP_OK);
  CHECK(run.workload.train(Indices(0, 16)) == first);
}

TEST_CASE("fault read_latency waits in read, without CPU") {
  Run run(Settings{{"read_latency", "20ms"}});
  REQUIRE(run.load(0).code == SP_OK);
  CHECK(run.stage("read").wall_ns >= 20'000'000);
  CHECK(run.stage("read").cpu_ns < 10'000'000);
}

TEST_CASE("fault read_turn makes reads of all workers wait for each other") {
  sp_knobs knobs = Knobs();
  knobs.worker_count = 2;
  Run run(Settings{{"read_turn", "20ms"}}, knobs);
  const auto begun = std::chrono::steady_clock::now();
  int32_t code = -1;
  std::thread other([&] {
    FakeArena arena;
    sp_sample sample;
    code = run.workload.load(1, arena, &sample, 1).code;
  });
  CHECK(run.load(0).code == SP_OK);
  other.join();
  CHECK(code == SP_OK);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(40));
}

TEST_CASE("fault decode_cost burns CPU time in decode") {
  CHECK(CpuBurntInDecode({{"decode_cost", "20ms"}}) >= 20'000'000);
}

TEST_CASE("fault tail makes some samples cost far more than the mean") {
  Run run({{"decode_cost", "100us"}, {"tail", "0.8"}});
  for (uint64_t i = 0; i < 300; ++i) REQUIRE(run.load(i).code == SP_OK);
  int slow = 0;
  int64_t total_ns = 0;
  for (const auto& stage : run.host.stages()) {
    if (stage.name != "decode") continue;
    slow += stage.cpu_ns > 250'000 ? 1 : 0;
    total_ns += stage.cpu_ns;
  }
  CHECK(slow > 10);
  CHECK(total_ns > 300 * 90'000);
}

TEST_CASE("fault bad_sample is lost data with the sample's name") {
  Run run(Settings{{"bad_sample", "5"}});
  CHECK(run.load(4).code == SP_OK);
  const Answer answer = run.load(5);
  CHECK(answer.code == SP_DATA_LOSS);
  CHECK(Contains(answer.message, "sample 5: cannot be decoded"));
}

TEST_CASE("fault hang_after hangs the loader until the run is cancelled") {
  Run run(Settings{{"hang_after", "2"}});
  CHECK(run.load(0).code == SP_OK);
  CHECK(run.load(1).code == SP_OK);
  std::atomic<bool> returned = false;
  Answer answer;
  std::thread worker([&] {
    answer = run.load(2);
    returned = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_FALSE(returned);
  run.host.cancel();
  worker.join();
  CHECK(answer.code == SP_CANCELLED);
}

TEST_CASE("fault leak loses touched memory with every sample") {
  Run run(Settings{{"leak", "4MiB"}});
  const double before = ResidentMiB();
  for (uint64_t i = 0; i < 10; ++i) REQUIRE(run.load(i).code == SP_OK);
  CHECK(ResidentMiB() - before >= 38);
}

TEST_CASE("a long stage ends soon after the run is cancelled") {
  const auto* option = GENERATE("read_sleep", "decode_cpu");
  Run run(Settings{{option, "30s"}});
  run.host.cancel();
  CHECK(run.load(0).code == SP_CANCELLED);
}

TEST_CASE("every option of the synthetic workload is described and its default is legal") {
  const sp_descriptor* descriptor = Plugin()->descriptor(0);
  std::set<std::string> keys;
  for (int64_t i = 0; i < descriptor->option_count; ++i) {
    CHECK(std::string(descriptor->options[i].help).size() > 5);
    keys.insert(descriptor->options[i].key);
  }
  CHECK(static_cast<int64_t>(keys.size()) == descriptor->option_count);
  for (const char* key :
       {"read_latency", "read_turn", "decode_cost", "tail", "bad_sample", "hang_after", "leak", "sync_each_step"}) {
    CHECK(keys.count(key) == 1);
  }
  FakeHost host;
  LoadedWorkload workload(Plugin(), "synthetic", host);
  CHECK(workload.open().code == SP_OK);
  CHECK(workload.begin(Knobs()).code == SP_OK);
}

TEST_CASE("a wrong option of the synthetic workload is refused when it opens") {
  FakeHost host(Settings{{"decode_cpu", "fast"}});
  LoadedWorkload workload(Plugin(), "synthetic", host);
  const Answer answer = workload.open();
  CHECK(answer.code == SP_INVALID_ARGUMENT);
  CHECK(Contains(answer.message, "option decode_cpu: found 'fast'"));
}
