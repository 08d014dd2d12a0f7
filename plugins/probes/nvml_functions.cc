#include "plugins/probes/nvml_functions.h"

#include <dlfcn.h>

#include <string>

#include "stallpoint/plugin/error.h"

namespace stallpoint::probes {
namespace {

constexpr char kNvmlFile[] = "libnvidia-ml.so.1";

// The first of the names that the library has.
template <typename Function>
void Find(void* library, Function& function, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* symbol = dlsym(library, name); symbol != nullptr) {
      function = reinterpret_cast<Function>(symbol);
      return;
    }
  }
}

}  // namespace

NvmlFunctions LoadNvml() {
  void* library = dlopen(kNvmlFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw plugin::Error(
        SP_FAILED_PRECONDITION,
        std::string(kNvmlFile) +
            " was not found; it comes with NVIDIA's driver (Debian: libnvidia-ml1), and into a container "
            "with --gpus all");
  }
  NvmlFunctions nvml;
  Find(library, nvml.init, {"nvmlInit_v2", "nvmlInit"});
  Find(library, nvml.shutdown, {"nvmlShutdown"});
  Find(library, nvml.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  Find(library, nvml.device, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  Find(library, nvml.error_text, {"nvmlErrorString"});
  Find(library, nvml.utilization, {"nvmlDeviceGetUtilizationRates"});
  Find(library, nvml.memory, {"nvmlDeviceGetMemoryInfo"});
  Find(library, nvml.clock_mhz, {"nvmlDeviceGetClockInfo"});
  Find(library, nvml.throttle_reasons,
       {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  Find(library, nvml.pcie_kb_per_s, {"nvmlDeviceGetPcieThroughput"});
  Find(library, nvml.power_mw, {"nvmlDeviceGetPowerUsage"});
  Find(library, nvml.temperature, {"nvmlDeviceGetTemperature"});
  if (nvml.init == nullptr || nvml.shutdown == nullptr || nvml.device_count == nullptr || nvml.device == nullptr) {
    throw plugin::Error(SP_FAILED_PRECONDITION,
                        std::string(kNvmlFile) + " lacks nvmlInit or a function beside it; reinstall NVIDIA's driver");
  }
  return nvml;
}

}  // namespace stallpoint::probes
