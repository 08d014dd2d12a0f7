// The check of a workload on a CUDA device: whether its step returns while the device is still busy.
#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/check/checks.h"
#include "harness/check/workload_at_work.h"
#include "harness/cuda/stream_hold.h"
#include "harness/engine/device_cuda.h"
#include "harness/host/abi_knobs.h"

namespace stallpoint {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience(2);
constexpr char kDevice[] = "cuda:0";

// A device whose places for batches, and a workload whose kernels and memory, are made by its first steps, may wait in
// those.
constexpr int kFirstSteps = 3;

// Page-locked: the host waits for a copy from other memory.
Knobs Settings() {
  Knobs knobs = CheckSettings(1, 4);
  knobs.pin_host_memory = true;
  return knobs;
}

absl::Status BeginOn(const CudaSession& session, WorkloadAtWork& work) {
  sp_knobs knobs = ToAbi(Settings(), DeviceSpec());
  knobs.device = kDevice;
  knobs.stream = session.stream();
  return work.Begin(knobs);
}

absl::Status EndOfStep(Device& device) {
  device.WaitUntilUnfinished(0, [] { return true; });
  return device.TakeFinished()->status;
}

absl::StatusOr<bool> ReturnsWhileHeld(CudaSession& session, WorkloadAtWork& work, Batch& batch) {
  const Knobs knobs = Settings();
  const auto device = MakeCudaDevice({&session, nullptr}, work.DeviceContext(knobs));
  if (!device.ok()) return device.status();
  steady_clock::duration step_takes{};
  for (int step = 0; step < kFirstSteps; ++step) {
    const auto begin = steady_clock::now();
    if (absl::Status launched = (*device)->Launch(&batch); !launched.ok()) return launched;
    if (absl::Status ended = EndOfStep(**device); !ended.ok()) return ended;
    step_takes = steady_clock::now() - begin;
  }
  const auto hold = StreamHold::Begin(session, kPatience + step_takes);
  if (!hold.ok()) return hold.status();
  const absl::Status launched = (*device)->Launch(&batch);
  const bool still_held = (*hold)->Release();
  if (!launched.ok()) return launched;
  if (absl::Status ended = EndOfStep(**device); !ended.ok()) return ended;
  return still_held;
}

}  // namespace

CheckResult CheckStepDoesNotSync(const CheckTarget& target) {
  std::unique_ptr<CudaSession> session;  // outlives what the workload has on the device
  const auto work = WorkloadAtWork::Open(target);
  if (!work.ok()) return NotOpened(work.status());
  if (!(*work)->workload().steps_on_cuda()) {
    return {Verdict::kSkip, "it steps on the host alone, where a step computes before it returns"};
  }
  auto opened = CudaSession::Open(0);
  if (!opened.ok()) {
    return {Verdict::kSkip,
            absl::StrCat("only a CUDA device shows whether a step waits for it; found ", opened.status().message())};
  }
  session = *std::move(opened);
  if (absl::Status begun = BeginOn(*session, **work); !begun.ok()) {
    if (!absl::IsFailedPrecondition(begun)) return Failed(begun);
    return {Verdict::kSkip, absl::StrCat("it does not begin on ", kDevice, " here: ", begun.message())};
  }
  Batch batch;
  const std::vector<uint64_t> indices = Indices((*work)->workload(), 0, Settings().batch_size);
  if (absl::Status loaded = (*work)->Load(0, indices, &batch); !loaded.ok()) return Failed(loaded);
  const absl::StatusOr<bool> returns = ReturnsWhileHeld(*session, **work, batch);
  (*work)->memory().Release(batch.memory);
  if (!returns.ok()) return {Verdict::kFail, absl::StrCat("on ", kDevice, ": ", returns.status().message())};
  if (*returns) return {Verdict::kPass, "step() returns while the device is still busy"};
  return {Verdict::kFail,
          "step() waited for the device, expected it to return while that is still busy; leave the loss there "
          "(device_loss), and call neither .item() nor a synchronize"};
}

}  // namespace stallpoint
