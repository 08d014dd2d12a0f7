// The nvml probe over functions that answer as a library would: no GPU is needed, and none is asked.
#include "plugins/probes/nvml_probe.h"

#include <map>

#include "catch.h"
#include "tests/plugins/fake_host.h"

namespace stallpoint::probes {
namespace {

using testing::FakeHost;

constexpr NvmlCode kNotSupported = 3, kDriverNotLoaded = 9, kGpuIsLost = 15;

// Two GPUs. The functions are plain, so what they say lies here.
struct FakeLibrary {
  NvmlCode init = kNvmlSuccess, utilization = kNvmlSuccess, power = kNvmlSuccess;
  unsigned long long reasons = 0;
  int open = 0;
};
FakeLibrary library;
const int gpus[2] = {0, 1};

NvmlFunctions Functions() {
  library = {};
  NvmlFunctions nvml;
  nvml.init = [] {
    if (library.init == kNvmlSuccess) ++library.open;
    return library.init;
  };
  nvml.shutdown = [] {
    --library.open;
    return kNvmlSuccess;
  };
  nvml.device_count = [](unsigned* count) {
    *count = 2;
    return kNvmlSuccess;
  };
  nvml.device = [](unsigned index, NvmlDevice* device) {
    *device = const_cast<int*>(&gpus[index]);
    return kNvmlSuccess;
  };
  nvml.error_text = [](NvmlCode code) { return code == kDriverNotLoaded ? "Driver Not Loaded" : "Unknown Error"; };
  nvml.utilization = [](NvmlDevice device, NvmlUtilization* out) {
    *out = {device == &gpus[0] ? 62u : 5u, 31u};
    return library.utilization;
  };
  nvml.memory = [](NvmlDevice, NvmlMemory* out) {
    *out = {80ull << 30, 50ull << 30, 30ull << 30};
    return kNvmlSuccess;
  };
  nvml.clock_mhz = [](NvmlDevice, int clock, unsigned* mhz) {
    *mhz = clock == kNvmlClockSm ? 1980 : 2619;
    return kNvmlSuccess;
  };
  nvml.throttle_reasons = [](NvmlDevice, unsigned long long* bits) {
    *bits = library.reasons;
    return kNvmlSuccess;
  };
  nvml.pcie_kb_per_s = [](NvmlDevice, int counter, unsigned* value) {
    *value = counter == kNvmlPcieReceived ? 12'000'000 : 500;
    return kNvmlSuccess;
  };
  nvml.power_mw = [](NvmlDevice, unsigned* milliwatts) {
    *milliwatts = 412'500;
    return library.power;
  };
  return nvml;
}

std::map<std::string, double> Poll(NvmlProbe& probe, FakeHost& host) {
  const plugin::Emitter emit(plugin::Host(host.table()), probe.series());
  probe.poll(0, emit);
  std::map<std::string, double> values;
  for (const auto& [name, value] : host.take_counters()) values[name] = value;
  return values;
}

NvmlProbe Probe(FakeHost& host, const NvmlFunctions& nvml) { return NvmlProbe(plugin::Host(host.table()), nvml); }

TEST_CASE("each GPU's values come under its number, in the units of their series") {
  FakeHost host;
  {
    NvmlProbe probe = Probe(host, Functions());
    const auto values = Poll(probe, host);
    CHECK(values.at("gpu0_busy") == Approx(0.62));
    CHECK(values.at("gpu1_busy") == Approx(0.05));
    CHECK(values.at("gpu0_memory_busy") == Approx(0.31));
    CHECK(values.at("gpu0_memory_used") == Approx(30.0 * (1 << 30)));
    CHECK(values.at("gpu0_sm_clock") == Approx(1.98e9));
    CHECK(values.at("gpu0_memory_clock") == Approx(2.619e9));
    CHECK(values.at("gpu0_power") == Approx(412.5));
    CHECK(values.at("gpu0_pcie_received") == Approx(12e9));
    CHECK(values.at("gpu0_pcie_sent") == Approx(5e5));
    CHECK(values.count("gpu0_temperature") == 0);  // this library has no such function
    CHECK(library.open == 1);
  }
  CHECK(library.open == 0);
}

TEST_CASE("reasons for low clocks are told apart, and being idle is none") {
  const auto [reasons, power, heat, hardware] = GENERATE(table<unsigned long long, int, int, int>(
      {{0x1, 0, 0, 0}, {0x4, 1, 0, 0}, {0x80, 1, 0, 0}, {0x20, 0, 1, 0}, {0x48, 0, 1, 1}}));
  FakeHost host;
  NvmlProbe probe = Probe(host, Functions());
  library.reasons = reasons;
  const auto values = Poll(probe, host);
  CHECK(values.at("gpu0_slowed_by_power") == power);
  CHECK(values.at("gpu0_slowed_by_heat") == heat);
  CHECK(values.at("gpu0_slowed_by_hardware") == hardware);
}

TEST_CASE("what a GPU does not support is not declared; what it fails to tell once is left out once") {
  FakeHost host;
  const NvmlFunctions nvml = Functions();
  library.power = kNotSupported;
  NvmlProbe probe = Probe(host, nvml);
  for (const plugin::Series& one : probe.series()) CHECK(one.name != "gpu0_power");
  library.utilization = kGpuIsLost;
  CHECK(Poll(probe, host).count("gpu0_busy") == 0);
  library.utilization = kNvmlSuccess;
  CHECK(Poll(probe, host).count("gpu0_busy") == 1);
}

TEST_CASE("GPUs are chosen by number, and a number that is not there is refused") {
  FakeHost one(std::map<std::string, std::string>{{"devices", "1"}, {"pcie", "0"}});
  NvmlProbe probe = Probe(one, Functions());
  const auto values = Poll(probe, one);
  CHECK(values.count("gpu1_busy") == 1);
  CHECK(values.count("gpu0_busy") == 0);
  CHECK(values.count("gpu1_pcie_sent") == 0);
  for (const std::string wrong : {"2", "0,", "zero", "", "0;1"}) {
    FakeHost host(std::map<std::string, std::string>{{"devices", wrong}});
    CHECK_THROWS_WITH(Probe(host, Functions()), Catch::Contains("expected all, or numbers below 2"));
    CHECK(library.open == 0);
  }
}

TEST_CASE("a driver that does not answer is said so in its own words, with what to do") {
  FakeHost host;
  const NvmlFunctions nvml = Functions();
  library.init = kDriverNotLoaded;
  CHECK_THROWS_WITH(Probe(host, nvml), "nvmlInit: Driver Not Loaded; nvidia-smi says whether the driver works");
}

}  // namespace
}  // namespace stallpoint::probes
