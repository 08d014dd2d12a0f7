// The functions of NVML (NVIDIA's management library) that the probe calls, as its stable C interface has them.
#ifndef STALLPOINT_PLUGINS_PROBES_NVML_FUNCTIONS_H_
#define STALLPOINT_PLUGINS_PROBES_NVML_FUNCTIONS_H_

#include <cstdint>

namespace stallpoint::probes {

// nvmlReturn_t. The number 0 is success, whatever else there is.
using NvmlCode = int;
inline constexpr NvmlCode kNvmlSuccess = 0;

using NvmlDevice = void*;

struct NvmlUtilization {
  unsigned gpu, memory;  // percent of the last sampling period with a kernel running, with memory being accessed
};
struct NvmlMemory {
  unsigned long long total, free, used;  // bytes
};

enum NvmlClock : int { kNvmlClockSm = 1, kNvmlClockMemory = 2 };
enum NvmlPcie : int { kNvmlPcieSent = 0, kNvmlPcieReceived = 1 };

// Why the clocks are lower than they could be, as bits.
inline constexpr unsigned long long kNvmlSoftwarePowerCap = 0x4, kNvmlHardwareSlowdown = 0x8,
                                    kNvmlSoftwareThermal = 0x20, kNvmlHardwareThermal = 0x40, kNvmlPowerBrake = 0x80;

// Any but the first four may be null: an older library.
struct NvmlFunctions {
  NvmlCode (*init)() = nullptr;
  NvmlCode (*shutdown)() = nullptr;
  NvmlCode (*device_count)(unsigned* count) = nullptr;
  NvmlCode (*device)(unsigned index, NvmlDevice* device) = nullptr;
  const char* (*error_text)(NvmlCode code) = nullptr;
  NvmlCode (*utilization)(NvmlDevice device, NvmlUtilization* out) = nullptr;
  NvmlCode (*memory)(NvmlDevice device, NvmlMemory* out) = nullptr;
  NvmlCode (*clock_mhz)(NvmlDevice device, int clock, unsigned* mhz) = nullptr;
  NvmlCode (*throttle_reasons)(NvmlDevice device, unsigned long long* bits) = nullptr;
  // Counts for 20 ms and waits for it. Unit: 1000 bytes a second.
  NvmlCode (*pcie_kb_per_s)(NvmlDevice device, int counter, unsigned* value) = nullptr;
  NvmlCode (*power_mw)(NvmlDevice device, unsigned* milliwatts) = nullptr;
  NvmlCode (*temperature)(NvmlDevice device, int sensor, unsigned* celsius) = nullptr;
};

// Those of libnvidia-ml.so.1, which the driver installs. Throws plugin::Error, which says what to do, where there is
// none.
NvmlFunctions LoadNvml();

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_NVML_FUNCTIONS_H_
