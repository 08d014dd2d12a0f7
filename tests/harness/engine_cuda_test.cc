// The cuda device over a driver that stands in for CUDA's.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"
#include "harness/cuda/device_clock.h"
#include "harness/cuda/driver_probe.h"
#include "harness/engine/device_cuda.h"
#include "tests/harness/engine_support.h"
#include "tests/harness/fake_driver.h"
#include "tests/harness/record_support.h"

namespace stallpoint {
namespace {

using Catch::Contains;

const KeepWaiting kAlways = [] { return true; };

int CountOf(const std::string& word, const std::string& text) {
  int count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// A device over the fake driver, with a recorder where `recorded`, for a workload whose model takes so much.
struct CudaBench {
  CudaBench(IndexData& data, Knobs with, bool recorded = false, size_t model_bytes = 0)
      : knobs(std::move(with)), workload(data.Table()) {
    if (recorded) {
      recorder = StartRecorder(MemoryOptions(trace));
      trace::TrackDefinition main;
      main.set_role(trace::TRACK_ROLE_MAIN);
      main.set_name("main");
      recorder->AttachThread(main);
    }
    host = std::make_unique<HostServices>(recorder.get(), memory, options, cancelled);
    stages = std::make_unique<Stages>(recorder.get());
    auto opened = CudaSession::Open(0);
    INFO(opened.status());
    REQUIRE(opened.ok());
    session = *std::move(opened);
    if (model_bytes > 0) REQUIRE(session->driver().MemAlloc(&model, model_bytes) == 0);
    auto made = MakeCudaDevice({session.get(), &issued}, {workload, *host, *stages, knobs});
    INFO(made.status());
    REQUIRE(made.ok());
    device = *std::move(made);
  }
  ~CudaBench() {
    device.reset();
    if (model != 0) session->driver().MemFree(model);
    for (const auto& batch : batches) memory.Release(batch->memory);
  }

  // One tensor of these numbers.
  Batch* MakeBatch(int64_t index, const std::vector<int64_t>& values) {
    batches.push_back(std::make_unique<Batch>());
    Batch& batch = *batches.back();
    batch.index = index;
    batch.samples = static_cast<int64_t>(values.size());
    batch.memory = memory.Acquire(values.size() * sizeof(int64_t));
    std::copy(values.begin(), values.end(), static_cast<int64_t*>(batch.memory.data));
    batch.tensors[0] = {.struct_size = sizeof(sp_tensor), .dtype = SP_DTYPE_I64, .dims = 1};
    batch.tensors[0].shape[0] = batch.samples;
    batch.tensors[0].data = batch.memory.data;
    batch.view = {.struct_size = sizeof(sp_batch), .tensor_count = 1, .tensor_stride = sizeof(sp_tensor)};
    batch.view.tensors = batch.tensors.data();
    batch.view.index = index;
    batch.view.samples = batch.samples;
    return &batch;
  }

  const std::map<std::string, std::string> options;
  const std::atomic<bool> cancelled{false};
  const std::shared_ptr<MemoryTrace> trace = std::make_shared<MemoryTrace>();
  std::unique_ptr<Recorder> recorder;
  MemoryPool memory{0};
  std::unique_ptr<HostServices> host;
  std::unique_ptr<Stages> stages;
  const Knobs knobs;
  Workload workload;
  IssueTimes issued;
  std::unique_ptr<CudaSession> session;
  CudaDriver::Pointer model = 0;
  std::vector<std::unique_ptr<Batch>> batches;
  std::unique_ptr<Device> device;
};

TEST_CASE("A step finds its batch in the device's memory, copied before anything that it launches runs") {
  FreshDriver().copy_ns = 2'000'000;
  IndexData data;
  static std::atomic<int64_t> sum{0};
  sum = 0;
  std::vector<const void*> pointers;
  data.on_step = [&](const sp_batch& batch, sp_step_result*) -> sp_code {
    pointers.push_back(batch.tensors[0].data);
    Kernel(
        0, [](void* memory) { sum += static_cast<int64_t*>(memory)[0] + static_cast<int64_t*>(memory)[1]; },
        batch.tensors[0].data);
    return SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 2});
  Batch* first = bench.MakeBatch(0, {3, 4});
  REQUIRE(bench.device->Launch(first).ok());
  REQUIRE(bench.device->Launch(bench.MakeBatch(1, {10, 20})).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  CHECK(sum == 37);
  CHECK(pointers[0] != first->memory.data);
  CHECK(pointers[0] != pointers[1]);
  CHECK(bench.device->TakeFinished()->batch == first);
}

TEST_CASE("Steps are issued ahead of the device and are unfinished until it has done them") {
  FreshDriver();
  IndexData data;
  data.on_step = [](const sp_batch&, sp_step_result*) -> sp_code {
    Kernel(30'000'000);
    return SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 3});
  for (int64_t i = 0; i < 3; ++i) REQUIRE(bench.device->Launch(bench.MakeBatch(i, {i})).ok());
  // Not one of three steps of 30 ms can be over when the third is issued, but for a machine that stood still.
  CHECK_FALSE(bench.device->WaitUntilUnfinished(0, [] { return false; }));
  REQUIRE(bench.device->WaitUntilUnfinished(2, kAlways));
  REQUIRE(bench.device->Launch(bench.MakeBatch(3, {3})).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  for (int64_t i = 0; i < 4; ++i) CHECK(bench.device->TakeFinished()->batch->index == i);
  CHECK_FALSE(bench.device->TakeFinished().has_value());
}

TEST_CASE("A loss on the device is read when its step has ended") {
  FreshDriver();
  IndexData data;
  static float loss;
  loss = 0;
  data.on_step = [](const sp_batch&, sp_step_result* result) -> sp_code {
    Kernel(
        1'000'000, [](void* memory) { *static_cast<float*>(memory) += 1.25F; }, &loss);
    result->device_loss = &loss;
    result->device_loss_dtype = SP_DTYPE_F32;
    result->optimizer_stepped = 1;
    return SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 2});
  for (int64_t i = 0; i < 2; ++i) REQUIRE(bench.device->Launch(bench.MakeBatch(i, {i})).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  const auto first = bench.device->TakeFinished();
  CHECK(first->has_loss);
  CHECK(first->loss == 1.25);
  CHECK(first->optimizer_stepped);
  CHECK(bench.device->TakeFinished()->loss == 2.5);
}

TEST_CASE("The trace shows copies, steps and their parts on the device's stream, one after another") {
  FreshDriver().copy_ns = 1'000'000;
  IndexData data;
  CudaBench* running = nullptr;
  data.on_step = [&](const sp_batch&, sp_step_result*) -> sp_code {
    const sp_host* host = running->host->table();
    host->device_mark(host->self, nullptr, SP_MARK_FORWARD);
    Kernel(2'000'000);
    host->device_mark(host->self, nullptr, SP_MARK_BACKWARD);
    Kernel(3'000'000);
    host->device_mark(host->self, nullptr, SP_MARK_END);
    return SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 2}, true);
  running = &bench;
  const uint64_t begin = Ticks();
  for (int64_t i = 0; i < 4; ++i) {
    REQUIRE(bench.device->WaitUntilUnfinished(1, kAlways));
    REQUIRE(bench.device->Launch(bench.MakeBatch(i, {i})).ok());
  }
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  const uint64_t end = Ticks();
  bench.device.reset();
  REQUIRE(bench.recorder->Finish(trace::OUTCOME_OK, "").ok());
  const ReadTrace read = ReadChunks(bench.trace->chunks());
  std::map<std::string, std::vector<ReadSpan>> spans;
  for (const ReadSpan& span : read.spans.at("cuda")) spans[read.names.at(span.name_id)].push_back(span);
  REQUIRE(spans["copy"].size() == 4);
  REQUIRE(spans["step"].size() == 4);
  REQUIRE(spans["forward"].size() == 4);
  REQUIRE(spans["backward"].size() == 4);
  CHECK(read.stages.at("copy") == trace::STAGE_KIND_COPY);
  CHECK(read.stages.at("backward") == trace::STAGE_KIND_STEP_PART);
  uint64_t before = begin;
  for (size_t i = 0; i < 4; ++i) {
    const ReadSpan &copy = spans["copy"][i], &step = spans["step"][i];
    const ReadSpan &forward = spans["forward"][i], &backward = spans["backward"][i];
    CHECK(step.batch == static_cast<int64_t>(i));
    CHECK(copy.begin_ticks >= before);
    CHECK(copy.end_ticks == step.begin_ticks);
    CHECK(forward.begin_ticks >= step.begin_ticks);
    CHECK(forward.end_ticks == backward.begin_ticks);
    CHECK(backward.end_ticks <= step.end_ticks);
    // The device slept for so long at least; what a clock's conversion may take off is far below.
    const auto at_least = [](const ReadSpan& span, int64_t ns) {
      return static_cast<int64_t>(span.end_ticks - span.begin_ticks) >= TicksOfNs(ns - 100'000);
    };
    CHECK(at_least(step, 5'000'000));
    CHECK(at_least(forward, 2'000'000));
    CHECK(at_least(backward, 3'000'000));
    before = step.end_ticks;
  }
  CHECK(before <= end);
}

TEST_CASE("Calls are tied to the step that is issued, its copy included") {
  FreshDriver();
  IndexData data;
  std::vector<int64_t> seen;
  CudaBench* running = nullptr;
  data.on_step = [&](const sp_batch&, sp_step_result*) -> sp_code {
    seen.push_back(running->issued.BatchAt(MonotonicNs()));
    return SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 2});
  running = &bench;
  REQUIRE(bench.device->Launch(bench.MakeBatch(5, {1})).ok());
  REQUIRE(bench.device->Launch(bench.MakeBatch(6, {1})).ok());
  CHECK(seen == std::vector<int64_t>{5, 6});
  CHECK(bench.issued.BatchAt(MonotonicNs()) == -1);
}

TEST_CASE("Pinned, a batch is copied from page-locked memory that its slot keeps") {
  FreshDriver();
  IndexData data;
  {
    CudaBench bench(data, {.pin_host_memory = true, .steps_in_flight = 1}, true);
    for (int64_t i = 0; i < 6; ++i) {
      REQUIRE(bench.device->Launch(bench.MakeBatch(i, {i, i})).ok());
      REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
      CHECK(bench.device->TakeFinished().has_value());
    }
    // One for the losses and one for each of three slots.
    CHECK(CountOf("cuMemHostAlloc ", Calls()) == 4);
    CHECK(CountOf("cuMemAlloc ", Calls()) == 3);
    bench.device.reset();
    REQUIRE(bench.recorder->Finish(trace::OUTCOME_OK, "").ok());
    const ReadTrace read = ReadChunks(bench.trace->chunks());
    CHECK(read.stages.at("pin") == trace::STAGE_KIND_PIN);
  }
  CHECK(InUse() == 0);
}

TEST_CASE("The call that copies a batch returns at once from page-locked memory, and from other when it is copied") {
  const bool pinned = GENERATE(false, true);
  FreshDriver().copy_ns = 50'000'000;
  IndexData data;
  CudaBench bench(data, {.pin_host_memory = pinned, .steps_in_flight = 2}, true);
  const std::vector<int64_t> large((1 << 20) / sizeof(int64_t));
  for (int64_t i = 0; i < 2; ++i) REQUIRE(bench.device->Launch(bench.MakeBatch(i, large)).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  bench.device.reset();
  REQUIRE(bench.recorder->Finish(trace::OUTCOME_OK, "").ok());
  const ReadTrace read = ReadChunks(bench.trace->chunks());
  CHECK(read.stages.at("copy_call") == trace::STAGE_KIND_COPY_CALL);
  std::map<std::string, std::vector<ReadSpan>> spans;
  for (const auto& [track, of_track] : read.spans) {
    for (const ReadSpan& span : of_track) spans[read.names.at(span.name_id)].push_back(span);
  }
  REQUIRE(spans["copy"].size() == 2);
  REQUIRE(spans["copy_call"].size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    INFO("batch " << i << (pinned ? ", page-locked" : ""));
    CHECK(spans["copy_call"][i].batch == static_cast<int64_t>(i));
    const auto middle = spans["copy"][i].begin_ticks / 2 + spans["copy"][i].end_ticks / 2;
    CHECK((spans["copy_call"][i].end_ticks > middle) == !pinned);
  }
}

TEST_CASE("Beyond its limit, or out of memory, the device says by how much") {
  IndexData data;
  FreshDriver().memory_bytes = 10 << 20;
  CudaBench bench(data, {.device_limit_bytes = 1 << 20, .steps_in_flight = 2});
  const std::vector<int64_t> large((1 << 20) / sizeof(int64_t) + 1);
  REQUIRE(bench.device->Launch(bench.MakeBatch(0, large)).ok());
  const absl::Status over = bench.device->Launch(bench.MakeBatch(1, large));
  CHECK(over.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(over.message()), Contains("the limit is 1MiB") && Contains("--batch"));
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));

  IndexData other;
  CudaBench unlimited(other, {});
  const absl::Status none =
      unlimited.device->Launch(unlimited.MakeBatch(0, std::vector<int64_t>((11 << 20) / sizeof(int64_t))));
  CHECK(none.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(none.message()), Contains("device memory") && Contains("CUDA_ERROR_OUT_OF_MEMORY"));
}

TEST_CASE("What a workload's model takes counts to the limit") {
  FreshDriver();
  IndexData data;
  CudaBench bench(data, {.device_limit_bytes = 1 << 20}, false, 2 << 20);
  const absl::Status over = bench.device->Launch(bench.MakeBatch(0, {1}));
  CHECK_THAT(std::string(over.message()), Contains("2 MiB more are in use") || Contains("2.00 MiB more are in use"));
}

TEST_CASE("Whatever the driver refuses ends the run with the call and its code, and leaves nothing behind") {
  for (const char* call : {"cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuStreamCreate"}) {
    FakeCuda& driver = FreshDriver();
    driver.failing = call;
    driver.code = 999;
    const absl::Status refused = CudaSession::Open(0).status();
    INFO(refused);
    CHECK_THAT(std::string(refused.message()), Contains(call) && Contains("CUDA_ERROR_FAKE (999)"));
  }
  IndexData data;
  {
    FakeCuda& driver = FreshDriver();
    CudaBench bench(data, {.steps_in_flight = 2});
    driver.code = 700;
    driver.failing = "cuMemcpyHtoDAsync";
    CHECK_THAT(std::string(bench.device->Launch(bench.MakeBatch(0, {1})).message()), Contains("(700)"));
    driver.failing = "cuEventSynchronize";
    REQUIRE(bench.device->Launch(bench.MakeBatch(1, {1})).ok());
    REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
    const auto failed = bench.device->TakeFinished();
    CHECK_THAT(std::string(failed->status.message()), Contains("on the device") && Contains("(700)"));
  }
  CHECK(InUse() == 0);
}

TEST_CASE("A failing step is reported as its own, when its turn comes") {
  FreshDriver();
  IndexData data;
  data.on_step = [](const sp_batch& batch, sp_step_result*) -> sp_code {
    return batch.index == 1 ? SP_INTERNAL : SP_OK;
  };
  CudaBench bench(data, {.steps_in_flight = 3});
  for (int64_t i = 0; i < 3; ++i) REQUIRE(bench.device->Launch(bench.MakeBatch(i, {i})).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  CHECK(bench.device->TakeFinished()->status.ok());
  CHECK(bench.device->TakeFinished()->status.code() == absl::StatusCode::kInternal);
  CHECK(bench.device->TakeFinished()->status.ok());
}

TEST_CASE("The driver is looked at before a run begins, and what is missing is said with what to do") {
  FakeCuda& driver = FreshDriver();
  CHECK(CheckDeviceExists(*ParseDevice("cuda:1")).ok());
  CHECK_THAT(std::string(CheckDeviceExists(*ParseDevice("cuda:2")).message()),
             Contains("--device cuda:2") && Contains("only cuda:0 to cuda:1"));
  driver.devices = 0;
  CHECK_THAT(std::string(CheckDeviceExists(*ParseDevice("cuda")).message()),
             Contains("a driver library without a device") && Contains("CUDA_VISIBLE_DEVICES"));
  driver.init_code = 803;
  CHECK_THAT(std::string(CheckDeviceExists(*ParseDevice("cuda")).message()),
             Contains("cuInit: 803") && Contains("nvidia-smi"));
}

TEST_CASE("A device has its name, its UUID and its memory in the trace") {
  FreshDriver();
  const auto session = CudaSession::Open(1);
  REQUIRE(session.ok());
  const trace::DeviceDefinition device = (*session)->Describe();
  CHECK(device.kind() == "cuda");
  CHECK(device.name() == "Fake GPU");
  CHECK(device.uuid() == "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
  CHECK(device.memory_bytes() == size_t{1} << 30);
}

TEST_CASE("A device's clock lies between what was issued and what was seen, and follows when it drifts") {
  DeviceClock clock;
  clock.NotBefore(100, 1'000);
  CHECK(clock.HostNs(100) == 1'000);
  clock.NotAfter(200, 1'080);  // it cannot have been later
  CHECK(clock.HostNs(200) == 1'080);
  clock.NotBefore(300, 1'150);  // says nothing new
  CHECK(clock.HostNs(300) == 1'180);
  clock.NotBefore(400, 1'400);  // the device has fallen behind
  CHECK(clock.HostNs(400) == 1'400);
}

}  // namespace
}  // namespace stallpoint
