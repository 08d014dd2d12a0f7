#include "harness/engine/device.h"

#include "absl/strings/str_cat.h"

namespace stallpoint {

absl::Status CheckDeviceExists(const DeviceSpec& spec) {
  if (spec.kind != DeviceSpec::Kind::kCuda) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("--device cuda:", spec.index,
                   ": no CUDA device can be used; the devices here are cpu and emulated "
                   "(--device emulated:launch=2ms,sample=100us stands in for a GPU of that speed)"));
}

absl::StatusOr<std::unique_ptr<Device>> MakeDevice(const DeviceSpec& spec, const Device::Context& context) {
  if (absl::Status exists = CheckDeviceExists(spec); !exists.ok()) return exists;
  return spec.kind == DeviceSpec::Kind::kCpu ? MakeCpuDevice(context) : MakeEmulatedDevice(spec, context);
}

}  // namespace stallpoint
