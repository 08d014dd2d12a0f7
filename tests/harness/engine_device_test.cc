#include <sys/prctl.h>

#include <cmath>
#include <mutex>
#include <thread>

#include "catch.h"
#include "harness/engine/device.h"
#include "harness/record/clock.h"
#include "tests/harness/engine_support.h"

namespace stallpoint {
namespace {

const KeepWaiting kAlways = [] { return true; };

struct DeviceBench {
  DeviceBench(IndexData& data, Knobs with) : knobs(std::move(with)), workload(data.Table()) {
    auto made = MakeDevice(*ParseDevice(knobs.device), {workload, host, stages, knobs});
    REQUIRE(made.ok());
    device = *std::move(made);
  }

  Batch* MakeBatch(int64_t index, int64_t samples) {
    batches.push_back(std::make_unique<Batch>());
    Batch& batch = *batches.back();
    batch.index = index;
    batch.samples = samples;
    batch.view = {.struct_size = sizeof(sp_batch), .tensor_count = 0, .tensor_stride = sizeof(sp_tensor)};
    batch.view.index = index;
    batch.view.samples = samples;
    return &batch;
  }

  const std::map<std::string, std::string> options;
  const std::atomic<bool> cancelled{false};
  MemoryPool memory{0};
  HostServices host{nullptr, memory, options, cancelled};
  const Stages stages{nullptr};
  const Knobs knobs;
  Workload workload;
  std::vector<std::unique_ptr<Batch>> batches;
  std::unique_ptr<Device> device;
};

TEST_CASE("The cpu device executes steps in order on a thread of its own and reports their losses") {
  IndexData data;
  std::vector<int64_t> order;
  std::thread::id stepping;
  data.on_step = [&](const sp_batch& batch, sp_step_result* result) -> sp_code {
    order.push_back(batch.index);
    stepping = std::this_thread::get_id();
    result->has_loss = 1;
    result->loss = static_cast<double>(batch.index) / 2;
    result->optimizer_stepped = batch.index % 2 == 1;
    return SP_OK;
  };
  DeviceBench bench(data, {.steps_in_flight = 3});
  for (int64_t i = 0; i < 10; ++i) {
    REQUIRE(bench.device->Launch(bench.MakeBatch(i, 4)).ok());
    REQUIRE(bench.device->WaitUntilUnfinished(2, kAlways));
  }
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  CHECK(order == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(stepping != std::this_thread::get_id());
}

TEST_CASE(
    "Beside an emulated device main waits for its own reads as a worker does, however exactly it waits for steps") {
  const int usual_slack_ns = prctl(PR_GET_TIMERSLACK);
  IndexData data;
  DeviceBench bench(data, {.device = "emulated:launch=2ms,sample=0ms"});
  CHECK(prctl(PR_GET_TIMERSLACK) == usual_slack_ns);
  REQUIRE(bench.device->Launch(bench.MakeBatch(0, 4)).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  CHECK(prctl(PR_GET_TIMERSLACK) == usual_slack_ns);
}

TEST_CASE("Finished steps are taken in order of launch with what they reported") {
  IndexData data;
  data.on_step = [](const sp_batch& batch, sp_step_result* result) -> sp_code {
    result->has_loss = batch.index != 1;
    result->loss = 0.5 * static_cast<double>(batch.index);
    return batch.index == 2 ? SP_INTERNAL : SP_OK;
  };
  DeviceBench bench(data, {.steps_in_flight = 4});
  for (int64_t i = 0; i < 3; ++i) REQUIRE(bench.device->Launch(bench.MakeBatch(i, 1)).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  const auto first = bench.device->TakeFinished();
  CHECK(first->batch->index == 0);
  CHECK(first->has_loss);
  CHECK_FALSE(bench.device->TakeFinished()->has_loss);
  CHECK(bench.device->TakeFinished()->status.code() == absl::StatusCode::kInternal);
  CHECK_FALSE(bench.device->TakeFinished().has_value());
}

TEST_CASE("A loss that the step left in memory is read in every floating point type") {
  const float f32 = 1.5F;
  const uint16_t f16 = 0x3e00, bf16 = 0x3fc0;
  const std::pair<int32_t, const void*> forms[] = {{SP_DTYPE_F32, &f32}, {SP_DTYPE_F16, &f16}, {SP_DTYPE_BF16, &bf16}};
  for (const auto& [dtype, memory] : forms) {
    IndexData data;
    data.on_step = [dtype = dtype, memory = memory](const sp_batch&, sp_step_result* result) -> sp_code {
      result->device_loss = memory;
      result->device_loss_dtype = dtype;
      return SP_OK;
    };
    DeviceBench bench(data, {});
    REQUIRE(bench.device->Launch(bench.MakeBatch(0, 1)).ok());
    REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
    CHECK(bench.device->TakeFinished()->loss == 1.5);
  }
}

TEST_CASE("Waiting for a device that hangs ends when the run is not to go on") {
  IndexData data;
  std::mutex hanging;
  data.on_step = [&](const sp_batch&, sp_step_result*) -> sp_code {
    std::lock_guard lock(hanging);
    return SP_OK;
  };
  hanging.lock();
  DeviceBench bench(data, {});
  REQUIRE(bench.device->Launch(bench.MakeBatch(0, 1)).ok());
  CHECK_FALSE(bench.device->WaitUntilUnfinished(0, [] { return false; }));
  hanging.unlock();
}

TEST_CASE("An emulated step is over after launch + sample times its samples, and not before") {
  IndexData data;
  DeviceBench bench(data, {.device = "emulated:launch=2ms,sample=1ms"});
  const int64_t begin_ns = MonotonicNs();
  REQUIRE(bench.device->Launch(bench.MakeBatch(0, 3)).ok());
  REQUIRE(bench.device->Launch(bench.MakeBatch(1, 5)).ok());
  REQUIRE(bench.device->WaitUntilUnfinished(1, kAlways));
  CHECK(MonotonicNs() - begin_ns >= 5'000'000);
  REQUIRE(bench.device->WaitUntilUnfinished(0, kAlways));
  CHECK(MonotonicNs() - begin_ns >= 12'000'000);
  CHECK(bench.device->TakeFinished()->batch->index == 0);
  CHECK(bench.device->TakeFinished()->batch->index == 1);
  CHECK_FALSE(bench.device->TakeFinished().has_value());
}

TEST_CASE("An emulated device is out of memory when the samples in flight need more than its limit") {
  IndexData data;
  DeviceBench bench(data, {.device_limit_bytes = 10 << 20, .device = "emulated:launch=1s,base=2MiB,sample_bytes=1MiB"});
  CHECK(bench.device->Launch(bench.MakeBatch(0, 5)).ok());
  const absl::Status full = bench.device->Launch(bench.MakeBatch(1, 4));
  CHECK(full.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(full.message()), Catch::Contains("11MiB") && Catch::Contains("10MiB"));
}

TEST_CASE("A CUDA device that is not there is refused with what to do and what needs none") {
  // No machine has so many.
  const absl::Status refused = CheckDeviceExists(*ParseDevice("cuda:999"));
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(refused.message()), Catch::Contains("cuda:999") && Catch::Contains("cpu and emulated"));
}

}  // namespace
}  // namespace stallpoint
