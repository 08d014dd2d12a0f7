// What NVIDIA's driver tells about its GPUs: busy, clocks and why they are low, memory, PCIe, power. Series gpuN_...
#ifndef STALLPOINT_PLUGINS_PROBES_NVML_PROBE_H_
#define STALLPOINT_PLUGINS_PROBES_NVML_PROBE_H_

#include <functional>
#include <string>
#include <vector>

#include "plugins/probes/nvml_functions.h"
#include "stallpoint/plugin/probe.h"

namespace stallpoint::probes {

class NvmlProbe : public plugin::Probe {
 public:
  static plugin::Description describe();
  explicit NvmlProbe(plugin::Host host) : NvmlProbe(host, LoadNvml()) {}
  NvmlProbe(plugin::Host host, const NvmlFunctions& nvml);
  ~NvmlProbe() override;

  std::vector<plugin::Series> series() const override;
  int64_t min_poll_ns() const override { return period_ns_; }
  void poll(int64_t now_ns, const plugin::Emitter& emit) override;

 private:
  // What one call reads: a code and, for success, the values of its series in their order.
  struct Reading {
    std::vector<plugin::Series> series;
    std::function<NvmlCode(std::vector<double>& values)> read;
  };

  std::vector<unsigned> ChosenDevices() const;
  // Readings that the device does not support are left out.
  void AddReadings(const std::string& prefix, NvmlDevice device);
  void Check(NvmlCode code, const char* function) const;

  const NvmlFunctions nvml_;
  const plugin::Options options_;
  const int64_t period_ns_;
  std::vector<Reading> readings_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_NVML_PROBE_H_
