#include "harness/cupti/cuda_driver_probe.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

constexpr int kNoDeviceCode = 100;

template <typename Function>
Function Find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

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
  // Never unloaded: CUDA does not survive that.
  if (void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL); driver != nullptr) {
    const auto init = Find<int (*)(unsigned)>(driver, "cuInit");
    const auto count = Find<int (*)(int*)>(driver, "cuDeviceGetCount");
    const auto version = Find<int (*)(int*)>(driver, "cuDriverGetVersion");
    if (version != nullptr) version(&probe.version);
    probe.init_code = init != nullptr ? init(0) : -1;
    if (probe.init_code == 0 && count != nullptr) count(&probe.devices);
    probe.state = probe.devices > 0                                          ? State::kReady
                  : probe.init_code == 0 || probe.init_code == kNoDeviceCode ? State::kNoDevice
                                                                             : State::kFails;
  }
  Explain(&probe);
  return probe;
}

}  // namespace stallpoint
