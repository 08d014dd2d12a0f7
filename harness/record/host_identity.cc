#include "harness/record/host_identity.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/record/clock.h"
#include "harness/record/read_text.h"

namespace stallpoint {
namespace {

std::string CpuModel() {
  const std::string text = ReadText("/proc/cpuinfo");
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "model name")) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() == 2) return std::string(absl::StripAsciiWhitespace(parts[1]));
  }
  return "";
}

// Hosts whose clocks agree are one boot of one machine.
uint64_t ClockDomain() {
  std::string boot_id = ReadText("/proc/sys/kernel/random/boot_id");
  std::erase(boot_id, '-');
  uint64_t id = 0;
  if (absl::SimpleHexAtoi(boot_id.substr(0, 16), &id) && id != 0) return id;
  return RandomId();
}

double AffinityCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  return CPU_COUNT(&set);
}

// A control group that holds this process, or one above it.
struct Group {
  std::string folder;
  bool version_2;
};

// Those of a controller, in no order.
std::vector<Group> GroupsOf(std::string_view controller) {
  constexpr char kMount[] = "/sys/fs/cgroup";
  std::vector<Group> found;
  const auto add = [&found](const std::string& mount, std::string group, bool version_2) {
    while (true) {
      found.push_back({mount + group, version_2});
      if (group.empty() || group == "/") return;
      group.resize(group.rfind('/'));
    }
  };
  // "0::/user.slice" is version 2; "4:cpu,cpuacct:/group" is version 1.
  const std::string groups = ReadText("/proc/self/cgroup");
  for (const absl::string_view line : absl::StrSplit(groups, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (parts[1].empty()) {
      add(kMount, parts[2], true);
      continue;
    }
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end()) continue;
    add(absl::StrCat(kMount, "/", parts[1]), parts[2], false);
    if (controllers.size() > 1) add(absl::StrCat(kMount, "/", std::string(controller)), parts[2], false);
  }
  return found;
}

}  // namespace

std::optional<double> ParseCpuQuota(std::string_view text) {
  const std::vector<std::string> fields =
      absl::StrSplit(absl::string_view(text.data(), text.size()), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  double quota, period;
  if (fields.size() != 2 || !absl::SimpleAtod(fields[0], &quota) || !absl::SimpleAtod(fields[1], &period)) {
    return std::nullopt;
  }
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

double UsableCores() {
  double cores = AffinityCores();
  for (const Group& group : GroupsOf("cpu")) {
    const std::string text = group.version_2 ? ReadText(group.folder + "/cpu.max")
                                             : absl::StrCat(ReadText(group.folder + "/cpu.cfs_quota_us"), " ",
                                                            ReadText(group.folder + "/cpu.cfs_period_us"));
    if (const std::optional<double> quota = ParseCpuQuota(text)) cores = std::min(cores, *quota);
  }
  return cores;
}

uint64_t UsableMemory() {
  uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (const Group& group : GroupsOf("memory")) {
    if (group.folder.find(absl::StrCat("/", std::string(kOwnGroupPrefix))) != std::string::npos) continue;
    uint64_t limit;
    const std::string text = ReadText(group.folder + (group.version_2 ? "/memory.max" : "/memory.limit_in_bytes"));
    if (absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &limit) && limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

trace::Host DescribeHost() {
  trace::Host host;
  utsname names = {};
  uname(&names);
  host.set_name(names.nodename);
  host.set_kernel(absl::StrCat(names.sysname, " ", names.release));
  host.set_clock_domain_id(ClockDomain());
  host.set_usable_cores(UsableCores());
  host.set_online_cores(static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_ONLN)));
  host.set_cpu_model(CpuModel());
  host.set_memory_bytes(UsableMemory());
  host.set_ticks_per_second(TicksPerSecond());
  host.set_ticks_are_tsc(kTicksAreTsc);
  return host;
}

trace::Process DescribeProcess() {
  trace::Process process;
  process.set_pid(static_cast<uint32_t>(getpid()));
  process.set_name(std::string(absl::StripAsciiWhitespace(ReadText("/proc/self/comm"))));
  return process;
}

uint64_t RandomId() {
  std::random_device random;
  uint64_t id = 0;
  while (id == 0) id = uint64_t{random()} << 32 | random();
  return id;
}

}  // namespace stallpoint
