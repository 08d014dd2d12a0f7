#include "plugins/probes/nvml_probe.h"

#include <charconv>
#include <utility>

#include "plugins/probes/period.h"

namespace stallpoint::probes {
namespace {

constexpr double kPercent = 100, kHzPerMhz = 1e6, kBytesPerKb = 1e3, kMilliwattsPerWatt = 1e3;

double Flag(unsigned long long bits, unsigned long long any_of) { return (bits & any_of) != 0 ? 1 : 0; }

// A function that gives one unsigned number, as a reading; `factor` turns it into the unit of the series.
template <typename Call>
std::function<NvmlCode(std::vector<double>&)> Number(Call call, double factor) {
  return [call, factor](std::vector<double>& values) {
    unsigned value = 0;
    const NvmlCode code = call(&value);
    values = {static_cast<double>(value) * factor};
    return code;
  };
}

}  // namespace

plugin::Description NvmlProbe::describe() {
  return {"nvml",
          "NVIDIA GPUs: busy, clocks and why they are low, memory, PCIe, power",
          "1.0",
          {PeriodOption("500ms"),
           {"devices", "all", "numbers of GPUs, as 0,1; all"},
           {"pcie", "1", "PCIe traffic too, for which the driver takes 40 ms a poll and GPU"}},
          ""};
}

NvmlProbe::NvmlProbe(plugin::Host host, const NvmlFunctions& nvml)
    : nvml_(nvml), options_(host, describe().options), period_ns_(options_.time_ns("period")) {
  Check(nvml_.init(), "nvmlInit");
  try {
    for (const unsigned index : ChosenDevices()) {
      NvmlDevice device = nullptr;
      Check(nvml_.device(index, &device), "nvmlDeviceGetHandleByIndex");
      AddReadings("gpu" + std::to_string(index) + "_", device);
    }
  } catch (...) {
    nvml_.shutdown();
    throw;
  }
}

NvmlProbe::~NvmlProbe() { nvml_.shutdown(); }

std::vector<unsigned> NvmlProbe::ChosenDevices() const {
  unsigned count = 0;
  Check(nvml_.device_count(&count), "nvmlDeviceGetCount");
  const std::string chosen = options_.text("devices");
  std::vector<unsigned> indices;
  if (chosen == "all") {
    for (unsigned i = 0; i < count; ++i) indices.push_back(i);
    return indices;
  }
  const char* at = chosen.data();
  const char* const end = at + chosen.size();
  while (true) {
    unsigned index = 0;
    const auto [rest, problem] = std::from_chars(at, end, index);
    if (problem != std::errc() || index >= count || (rest != end && *rest != ',')) {
      options_.Refuse("devices", "all, or numbers below " + std::to_string(count) + " with commas between them");
    }
    indices.push_back(index);
    if (rest == end) return indices;
    at = rest + 1;
  }
}

void NvmlProbe::AddReadings(const std::string& prefix, NvmlDevice device) {
  const NvmlFunctions& nvml = nvml_;
  std::vector<Reading> all;
  if (nvml.utilization != nullptr) {
    all.push_back(
        {{{prefix + "busy", "1"}, {prefix + "memory_busy", "1"}}, [nvml, device](std::vector<double>& values) {
           NvmlUtilization used = {};
           const NvmlCode code = nvml.utilization(device, &used);
           values = {used.gpu / kPercent, used.memory / kPercent};
           return code;
         }});
  }
  if (nvml.memory != nullptr) {
    all.push_back({{{prefix + "memory_used", "bytes"}}, [nvml, device](std::vector<double>& values) {
                     NvmlMemory memory = {};
                     const NvmlCode code = nvml.memory(device, &memory);
                     values = {static_cast<double>(memory.used)};
                     return code;
                   }});
  }
  if (nvml.clock_mhz != nullptr) {
    for (const auto& [name, clock] :
         {std::pair("sm_clock", kNvmlClockSm), std::pair("memory_clock", kNvmlClockMemory)}) {
      all.push_back({{{prefix + name, "Hz"}},
                     Number([nvml, device, clock = clock](unsigned* mhz) { return nvml.clock_mhz(device, clock, mhz); },
                            kHzPerMhz)});
    }
  }
  if (nvml.throttle_reasons != nullptr) {
    all.push_back(
        {{{prefix + "slowed_by_power", "1"}, {prefix + "slowed_by_heat", "1"}, {prefix + "slowed_by_hardware", "1"}},
         [nvml, device](std::vector<double>& values) {
           unsigned long long bits = 0;
           const NvmlCode code = nvml.throttle_reasons(device, &bits);
           values = {Flag(bits, kNvmlSoftwarePowerCap | kNvmlPowerBrake),
                     Flag(bits, kNvmlSoftwareThermal | kNvmlHardwareThermal), Flag(bits, kNvmlHardwareSlowdown)};
           return code;
         }});
  }
  if (nvml.power_mw != nullptr) {
    all.push_back({{{prefix + "power", "W"}},
                   Number([nvml, device](unsigned* mw) { return nvml.power_mw(device, mw); }, 1 / kMilliwattsPerWatt)});
  }
  if (nvml.temperature != nullptr) {
    all.push_back({{{prefix + "temperature", "degC"}},
                   Number([nvml, device](unsigned* celsius) { return nvml.temperature(device, 0, celsius); }, 1)});
  }
  if (nvml.pcie_kb_per_s != nullptr && options_.flag("pcie")) {
    for (const auto& [name, counter] :
         {std::pair("pcie_received", kNvmlPcieReceived), std::pair("pcie_sent", kNvmlPcieSent)}) {
      all.push_back(
          {{{prefix + name, "bytes/s"}},
           Number([nvml, device, counter = counter](unsigned* kb) { return nvml.pcie_kb_per_s(device, counter, kb); },
                  kBytesPerKb)});
    }
  }
  std::vector<double> values;
  for (Reading& reading : all) {
    if (reading.read(values) == kNvmlSuccess) readings_.push_back(std::move(reading));
  }
}

void NvmlProbe::Check(NvmlCode code, const char* function) const {
  if (code == kNvmlSuccess) return;
  const char* text = nvml_.error_text != nullptr ? nvml_.error_text(code) : nullptr;
  throw plugin::Error(SP_FAILED_PRECONDITION, std::string(function) + ": " +
                                                  (text != nullptr ? text : "code " + std::to_string(code)) +
                                                  "; nvidia-smi says whether the driver works");
}

std::vector<plugin::Series> NvmlProbe::series() const {
  std::vector<plugin::Series> all;
  for (const Reading& reading : readings_) all.insert(all.end(), reading.series.begin(), reading.series.end());
  return all;
}

void NvmlProbe::poll(int64_t /*now_ns*/, const plugin::Emitter& emit) {
  std::vector<double> values;
  for (const Reading& reading : readings_) {
    if (reading.read(values) != kNvmlSuccess) continue;  // a value is missing, the next poll may have it
    for (size_t i = 0; i < reading.series.size(); ++i) emit(reading.series[i].name, values[i]);
  }
}

}  // namespace stallpoint::probes
