// The backend of a build that found no CUPTI headers.
#include "harness/cupti/device_activity.h"

namespace stallpoint {
namespace {

absl::Status BuiltWithout() {
  return absl::UnimplementedError(
      "this stallpoint was built without CUPTI's headers: run tools/setup without --no-torch, or set CUDA_HOME to a "
      "CUDA toolkit, and build again");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceActivity>> DeviceActivity::Start(Recorder&, Options) { return BuiltWithout(); }

absl::StatusOr<CuptiFound> FindCupti() { return BuiltWithout(); }

}  // namespace stallpoint
