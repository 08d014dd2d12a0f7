#include <sys/prctl.h>

#include <thread>

#include "harness/engine/device.h"
#include "harness/engine/device_loss.h"
#include "harness/engine/finished_steps.h"
#include "harness/engine/mailbox.h"
#include "harness/host/device_memory.h"
#include "harness/host/host_services.h"
#include "harness/host/thread_place.h"
#include "harness/host/workload.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"

namespace stallpoint {
namespace {

class CpuDevice : public Device {
 public:
  explicit CpuDevice(const Context& context)
      : workload_(context.workload),
        host_(context.host),
        stages_(context.stages),
        requests_(static_cast<size_t>(context.knobs.steps_in_flight)),
        steps_(context.knobs.steps_in_flight),
        thread_(&CpuDevice::Run, this) {}

  ~CpuDevice() override {
    requests_.Close();
    thread_.join();
  }

  absl::Status Launch(Batch* batch) override {
    steps_.NoteLaunch();
    requests_.Put(batch);
    return absl::OkStatus();
  }

  bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) override {
    return steps_.WaitUntilUnfinished(count, keep_waiting);
  }

  std::optional<FinishedStep> TakeFinished() override { return steps_.Take(); }

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
    host_.BeginStep();
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

  void Finish(FinishedStep step) { steps_.Add(std::move(step)); }

  Workload& workload_;
  HostServices& host_;
  const Stages& stages_;
  Mailbox<Batch*> requests_;
  FinishedSteps steps_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Device> MakeCpuDevice(const Device::Context& context) { return std::make_unique<CpuDevice>(context); }

}  // namespace stallpoint
