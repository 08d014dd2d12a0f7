// What executes the training steps, asynchronously to main.
//
// `cpu`: a thread of its own calls the workload's step. `emulated`: a stream that is busy for a stated time per step
// and uses no CPU; step is not called. `cuda`: see device_cuda.h. Main thread only.
#ifndef STALLPOINT_HARNESS_ENGINE_DEVICE_H_
#define STALLPOINT_HARNESS_ENGINE_DEVICE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/engine/batch.h"
#include "harness/engine/keep_waiting.h"
#include "harness/engine/stages.h"
#include "traces/device_spec.h"
#include "traces/knobs.h"

namespace stallpoint {

class HostServices;
class Workload;

// A step that has ended on the device.
struct FinishedStep {
  Batch* batch = nullptr;
  absl::Status status;
  double loss = 0;
  bool has_loss = false;
  bool optimizer_stepped = false;
};

class Device {
 public:
  struct Context {
    Workload& workload;
    HostServices& host;
    const Stages& stages;
    const Knobs& knobs;
  };

  virtual ~Device() = default;

  // Issues the step of `batch`, which stays with the device until it is taken as finished. ResourceExhausted: the
  // device's memory. REQUIRES: fewer than steps_in_flight steps are unfinished.
  virtual absl::Status Launch(Batch* batch) = 0;
  // Waits until at most `count` steps are unfinished; false when `keep_waiting` ended the wait.
  virtual bool WaitUntilUnfinished(int64_t count, const KeepWaiting& keep_waiting) = 0;
  // The next step that has ended and was not taken yet, in order of launch.
  virtual std::optional<FinishedStep> TakeFinished() = 0;
};

struct CudaRun;

// FailedPrecondition: there is no such device here; the message says what to do. REQUIRES: `cuda` for a CUDA device.
absl::StatusOr<std::unique_ptr<Device>> MakeDevice(const DeviceSpec& spec, const Device::Context& context,
                                                   const CudaRun* cuda = nullptr);

std::unique_ptr<Device> MakeCpuDevice(const Device::Context& context);
std::unique_ptr<Device> MakeEmulatedDevice(const DeviceSpec& spec, const Device::Context& context);

// OK when MakeDevice can make it; for checks before anything is started.
absl::Status CheckDeviceExists(const DeviceSpec& spec);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_DEVICE_H_
