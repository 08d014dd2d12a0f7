#include <sys/prctl.h>

#include <bit>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/engine/device.h"
#include "harness/engine/mailbox.h"
#include "harness/host/device_memory.h"
#include "harness/host/host_services.h"
#include "harness/host/thread_place.h"
#include "harness/host/workload.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"

namespace stallpoint {
namespace {

float HalfToFloat(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t fraction = half & 0x3ffU;
  if (exponent == 0)
    return std::bit_cast<float>(sign) + (sign != 0 ? -1.0F : 1.0F) * static_cast<float>(fraction) * 0x1p-24F;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

template <typename T>
T LoadAs(const void* memory) {
  T value;
  memcpy(&value, memory, sizeof(value));
  return value;
}

// A scalar that the step left in the device's memory, which is the host's here.
std::optional<double> ReadScalar(const void* memory, int32_t dtype) {
  switch (dtype) {
    case SP_DTYPE_F32:
      return LoadAs<float>(memory);
    case SP_DTYPE_F16:
      return HalfToFloat(LoadAs<uint16_t>(memory));
    case SP_DTYPE_BF16:
      return std::bit_cast<float>(uint32_t{LoadAs<uint16_t>(memory)} << 16);
    case SP_DTYPE_I32:
      return LoadAs<int32_t>(memory);
    case SP_DTYPE_I64:
      return static_cast<double>(LoadAs<int64_t>(memory));
    case SP_DTYPE_U8:
      return LoadAs<uint8_t>(memory);
    default:
      return std::nullopt;
  }
}

class CpuDevice : public Device {
 public:
  explicit CpuDevice(const Context& context)
      : workload_(context.workload),
        host_(context.host),
        stages_(context.stages),
        requests_(static_cast<size_t>(context.knobs.steps_in_flight)),
        results_(static_cast<size_t>(context.knobs.steps_in_flight) + 1),
        thread_(&CpuDevice::Run, this) {}

  ~CpuDevice() override {
    requests_.Close();
    thread_.join();
  }

  absl::Status Launch(Batch* batch) override {
    ++launched_;
    requests_.Put(batch);
    return absl::OkStatus();
  }

  bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) override {
    std::unique_lock lock(mutex_);
    awaited_ = launched_ - count;
    const bool reached = WaitFor(changed_, lock, keep_waiting, [this] { return finished_ >= awaited_; });
    awaited_ = INT64_MAX;
    return reached;
  }

  std::optional<FinishedStep> TakeFinished() override {
    std::lock_guard lock(mutex_);
    if (taken_ == finished_) return std::nullopt;
    return std::move(results_[static_cast<size_t>(taken_++) % results_.size()]);
  }

 private:
  void Run() {
    prctl(PR_SET_NAME, "device");
    if (Recorder* recorder = host_.recorder(); recorder != nullptr) {
      trace::DeviceDefinition device;
      device.set_kind("cpu");
      device.set_name("cpu");
      trace::TrackDefinition track;
      track.set_role(trace::TRACK_ROLE_STREAM);
      track.set_name("cpu");
      track.set_device_id(recorder->Device(device));
      recorder->AttachThread(track);
    }
    while (const std::optional<Batch*> batch = requests_.Take()) Finish(Execute(*batch));
  }

  FinishedStep Execute(Batch* batch) {
    ThreadPlace& place = ThreadPlace::Current();
    place.Enter(batch->index, -1, trace::STAGE_KIND_STEP_PART);
    sp_step_result result = {.struct_size = sizeof(sp_step_result)};
    FinishedStep finished{.batch = batch};
    DeviceMemory* memory = host_.device_memory();
    if (memory != nullptr) memory->NoteKept();
    {
      const StageScope step(stages_.step, batch->index);
      finished.status = workload_.Step(batch->view, &result);
      if (ThreadLog* log = ThreadLog::Current(); log != nullptr) {
        place.EndStepPart(*log, Ticks());
        log->Heartbeat();
      }
    }
    if (memory != nullptr) Record(memory->TakeReading());
    finished.optimizer_stepped = result.optimizer_stepped != 0;
    finished.has_loss = result.has_loss != 0;
    finished.loss = result.loss;
    if (result.device_loss != nullptr && finished.status.ok()) {
      const std::optional<double> loss = ReadScalar(result.device_loss, result.device_loss_dtype);
      finished.has_loss = loss.has_value();
      finished.loss = loss.value_or(0);
    }
    return finished;
  }

  void Record(const DeviceMemory::Reading& reading) const {
    ThreadLog* log = ThreadLog::Current();
    if (log == nullptr) return;
    log->Counter(stages_.device_memory, static_cast<double>(reading.peak));
    log->Counter(stages_.device_memory_kept, static_cast<double>(reading.kept));
    log->Counter(stages_.device_memory_reserved, static_cast<double>(reading.reserved));
  }

  void Finish(FinishedStep step) {
    bool wake;
    {
      std::lock_guard lock(mutex_);
      results_[static_cast<size_t>(finished_) % results_.size()] = std::move(step);
      ++finished_;
      wake = finished_ == awaited_;
    }
    if (wake) changed_.notify_one();
  }

  Workload& workload_;
  HostServices& host_;
  const Stages& stages_;
  Mailbox<Batch*> requests_;
  int64_t launched_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FinishedStep> results_;
  int64_t finished_ = 0, taken_ = 0;
  int64_t awaited_ = INT64_MAX;  // main waits until so many have finished
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Device> MakeCpuDevice(const Device::Context& context) { return std::make_unique<CpuDevice>(context); }

}  // namespace stallpoint
