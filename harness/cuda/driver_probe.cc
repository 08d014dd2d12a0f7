#include "harness/cuda/driver_probe.h"

#include "absl/strings/str_cat.h"
#include "harness/cuda/driver.h"

namespace stallpoint {
namespace {

void Explain(CudaDriverProbe* probe) {
  using State = CudaDriverProbe::State;
  switch (probe->state) {
    case State::kNoLibrary:
      probe->found = "no NVIDIA driver (libcuda.so.1)";
      probe->remedy = "install the driver; in a container, start it with the GPUs: docker run --gpus all";
      return;
    case State::kFails:
      probe->found = absl::StrCat("a driver library that does not start (cuInit: ", probe->init_code, ")");
      probe->remedy =
          "see whether nvidia-smi works: the kernel module is not loaded, or of another version than the library";
      return;
    case State::kNoDevice:
      probe->found = "a driver library without a device";
      probe->remedy = "check CUDA_VISIBLE_DEVICES, and nvidia-smi; in a container: docker run --gpus all";
      return;
    case State::kReady:
      probe->found = absl::StrCat(probe->devices, probe->devices == 1 ? " device" : " devices", ", driver for CUDA ",
                                  CudaVersionText(probe->version));
  }
}

}  // namespace

std::string CudaVersionText(int version) { return absl::StrCat(version / 1000, ".", version % 1000 / 10); }

CudaDriverProbe ProbeCudaDriver() {
  using State = CudaDriverProbe::State;
  CudaDriverProbe probe;
  const auto driver = CudaDriver::Load();
  if (driver.ok()) {
    driver->GetVersion(&probe.version);
    probe.init_code = driver->Init(0);
    if (probe.init_code == cuda_code::kSuccess) driver->DeviceGetCount(&probe.devices);
    const bool starts = probe.init_code == cuda_code::kSuccess || probe.init_code == cuda_code::kNoDevice;
    probe.state = probe.devices > 0 ? State::kReady : starts ? State::kNoDevice : State::kFails;
  } else if (!absl::IsNotFound(driver.status())) {
    probe.state = State::kFails;
    probe.init_code = -1;
  }
  Explain(&probe);
  return probe;
}

}  // namespace stallpoint
