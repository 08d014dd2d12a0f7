// The `cuda` device: copies each batch to a CUDA device and lets the workload issue its step there.
//
// Main copies and issues, as a training script does, and is behind which steps have ended by a thread that waits for
// their events. The stream is that of the session, which knobs.stream names to the workload.
#ifndef STALLPOINT_HARNESS_ENGINE_DEVICE_CUDA_H_
#define STALLPOINT_HARNESS_ENGINE_DEVICE_CUDA_H_

#include <memory>

#include "harness/cuda/session.h"
#include "harness/cupti/issue_times.h"
#include "harness/engine/device.h"

namespace stallpoint {

// What a run on a CUDA device has beside the rest. Both outlive the device.
struct CudaRun {
  CudaSession* session = nullptr;
  IssueTimes* issue_times = nullptr;  // null: nobody ties calls to steps
};

inline constexpr char kCudaLimitEnforcement[] =
    "what is in use on the device beyond what was when the run began, before each step";

absl::StatusOr<std::unique_ptr<Device>> MakeCudaDevice(const CudaRun& cuda, const Device::Context& context);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_DEVICE_CUDA_H_
