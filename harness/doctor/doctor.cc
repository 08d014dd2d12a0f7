#include "harness/doctor/doctor.h"

#include <dlfcn.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/check/plugin_listing.h"
#include "harness/engine/run_guard.h"
#include "harness/record/clock.h"
#include "harness/record/host_identity.h"
#include "harness/record/process_counters.h"
#include "harness/record/read_text.h"
#include "harness/run/memory_group.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

using State = Finding::State;

Finding Cores() {
  const double usable = UsableCores();
  const auto online = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  const std::string found = absl::StrFormat("%g of %g can be used", usable, online);
  if (usable < 1.5) {
    return {"cores", State::kLimited, found,
            "loading and a step on the cpu share them: use --device emulated to tell them apart"};
  }
  if (usable >= online) return {"cores", State::kGood, found, ""};
  return {"cores", State::kLimited, found,
          "affinity or a cgroup's cpu quota takes the rest; predictions count with these"};
}

Finding Clock() {
  if (kTicksAreTsc)
    return {"clock", State::kGood, absl::StrFormat("invariant TSC, %.2f GHz", TicksPerSecond() / 1e9), ""};
  return {"clock", State::kLimited, "no invariant TSC", "CLOCK_MONOTONIC is used, about 15 ns more a reading"};
}

Finding RunQueue() {
  const bool there = !ReadText("/proc/thread-self/schedstat").empty();
  if (there) return {"run-queue wait", State::kGood, "schedstat can be read", ""};
  return {"run-queue wait", State::kAbsent, "no /proc/thread-self/schedstat",
          "waiting for a core is counted as blocked; a kernel with CONFIG_SCHEDSTATS tells them apart"};
}

Finding HeldMemory() {
  if (ParseProcessMemory(ReadText("/proc/self/status")).held) {
    return {"memory", State::kGood, "what a process holds is told from pages of files", ""};
  }
  return {"memory", State::kLimited, "/proc/self/status has no RssAnon",
          "resident memory stands in, which counts pages of files too; Linux 4.5 and later tell them apart"};
}

Finding Pressure() {
  if (!ReadText("/proc/pressure/cpu").empty()) return {"pressure", State::kGood, "PSI can be read", ""};
  return {"pressure", State::kAbsent, "no /proc/pressure", "boot with psi=1 to see what other programs take"};
}

Finding HostLimit() {
  const auto group = MemoryGroup::Make(uint64_t{1} << 30);
  if (group.ok()) return {"--host-memory", State::kGood, "held by the kernel, in " + group->Describe(), ""};
  return {"--host-memory", State::kLimited, std::string(group.status().message()),
          absl::StrCat("kept by looking instead: ", kHostLimitEnforcement,
                       ". `systemd-run --user --scope` or root lets the kernel hold it")};
}

Finding SharedMemory() {
  struct statvfs shm;
  if (statvfs("/dev/shm", &shm) != 0) {
    return {"/dev/shm", State::kAbsent, "there is none",
            "PyTorch's worker processes need it (stallpoint's threads do not)"};
  }
  const double bytes = static_cast<double>(shm.f_bavail) * static_cast<double>(shm.f_frsize);
  constexpr double kDockerDefault = 64.0 * (1 << 20);
  const std::string found = HumanSize(bytes) + " free";
  if (bytes > kDockerDefault) return {"/dev/shm", State::kGood, found, ""};
  return {"/dev/shm", State::kLimited, found,
          "PyTorch's worker processes pass batches through it (stallpoint's threads do not): docker run --shm-size"};
}

Finding Nvtx() {
  const char* injected = getenv("NVTX_INJECTION64_PATH");
  if (injected != nullptr) return {"NVTX", State::kGood, absl::StrCat("ranges go to ", injected), ""};
  return {"NVTX", State::kGood, "no profiler listens; under `nsys profile -t nvtx` stages show as ranges", ""};
}

Finding Cuda() {
  constexpr char kRemedy[] = "this version runs steps on cpu and emulated devices";
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return {"CUDA", State::kAbsent, "no driver (libcuda.so.1)", kRemedy};
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  int devices = 0;
  const int code = init == nullptr ? -1 : init(0);
  if (code == 0 && count != nullptr) count(&devices);
  if (devices == 0) {
    return {"CUDA", State::kAbsent, absl::StrCat("a driver library without a device (cuInit: ", code, ")"), kRemedy};
  }
  return {"CUDA", State::kLimited, absl::StrCat(devices, devices == 1 ? " device" : " devices"), kRemedy};
}

void AddPlugins(const std::atomic<bool>& cancel, std::vector<Finding>* findings) {
  const auto listing = ListPlugins(cancel);
  if (!listing.ok()) {
    findings->push_back({"plugins", State::kAbsent, std::string(listing.status().message()), "reinstall stallpoint"});
    return;
  }
  std::string ids;
  for (const auto& [file, description] : listing->files) {
    for (const auto& plugin : description.plugins()) absl::StrAppend(&ids, ids.empty() ? "" : ", ", plugin.id());
    if (description.refused().empty()) continue;
    findings->push_back(
        {"a plugin", State::kAbsent, description.refused(), "`stallpoint plugin check FILE` says more"});
  }
  if (ids.empty()) {
    findings->push_back(
        {"plugins", State::kAbsent, "none found", "reinstall stallpoint, or set STALLPOINT_PLUGIN_PATH"});
  } else {
    findings->push_back({"plugins", State::kGood, ids, ""});
  }
}

}  // namespace

const char* Name(Finding::State state) {
  switch (state) {
    case State::kGood:
      return "good";
    case State::kLimited:
      return "limited";
    case State::kAbsent:
      return "absent";
  }
  return "?";
}

std::vector<Finding> ExamineMachine(const std::atomic<bool>& cancel) {
  std::vector<Finding> findings = {Cores(),     Clock(),        RunQueue(), HeldMemory(), Pressure(),
                                   HostLimit(), SharedMemory(), Nvtx(),     Cuda()};
  AddPlugins(cancel, &findings);
  return findings;
}

}  // namespace stallpoint
