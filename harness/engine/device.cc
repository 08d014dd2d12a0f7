#include "harness/engine/device.h"

#include "absl/strings/str_cat.h"
#include "harness/engine/device_cuda.h"

namespace stallpoint {

absl::Status CheckDeviceExists(const DeviceSpec& spec) {
  if (spec.kind != DeviceSpec::Kind::kCuda) return absl::OkStatus();
  const absl::Status there = CheckCudaDevice(spec.index);
  if (there.ok()) return there;
  return absl::FailedPreconditionError(absl::StrCat(
      "--device cuda:", spec.index, ": ", there.message(),
      ". --device cpu and emulated need no GPU (emulated:launch=2ms,sample=100us stands in for one of that "
      "speed)"));
}

absl::StatusOr<std::unique_ptr<Device>> MakeDevice(const DeviceSpec& spec, const Device::Context& context,
                                                   const CudaRun* cuda) {
  switch (spec.kind) {
    case DeviceSpec::Kind::kCpu:
      return MakeCpuDevice(context);
    case DeviceSpec::Kind::kEmulated:
      return MakeEmulatedDevice(spec, context);
    case DeviceSpec::Kind::kCuda:
      break;
  }
  if (absl::Status exists = CheckDeviceExists(spec); !exists.ok()) return exists;
  return MakeCudaDevice(*cuda, context);
}

}  // namespace stallpoint
