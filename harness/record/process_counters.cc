#include "harness/record/process_counters.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "harness/record/clock.h"
#include "harness/record/read_text.h"

namespace stallpoint {
namespace {

constexpr int64_t kMachineCostFactor = 1000;

// The value of a line "KEY: N kB", in bytes.
std::optional<uint64_t> BytesOf(std::string_view status, std::string_view key) {
  for (size_t at = status.find(key); at != std::string_view::npos; at = status.find(key, at + 1)) {
    if (at > 0 && status[at - 1] != '\n') continue;
    std::string_view rest = status.substr(at + key.size());
    if (rest.empty() || rest.front() != ':') continue;
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t", 1), rest.size()));
    uint64_t kib;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), kib);
    if (parsed.ec != std::errc() || kib > UINT64_MAX / 1024) return std::nullopt;
    return kib * 1024;
  }
  return std::nullopt;
}

std::optional<uint64_t> CountOpenFiles() {
  struct stat folder = {};
  // Linux 6.2 and later tell the number as the folder's size.
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<uint64_t>(folder.st_size);
  DIR* entries = opendir("/proc/self/fd");
  if (entries == nullptr) return std::nullopt;
  uint64_t count = 0;
  while (const dirent* entry = readdir(entries)) count += entry->d_name[0] != '.';
  closedir(entries);
  return count - 1;  // without the one that reads them
}

}  // namespace

std::optional<uint64_t> ParseMachineCpuNs(std::string_view stat, int64_t ticks_per_second) {
  // "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guests are part of user and nice.
  constexpr std::string_view kHead = "cpu ";
  constexpr int kIdle = 3, kIowait = 4, kFields = 8;
  if (ticks_per_second <= 0 || stat.substr(0, kHead.size()) != kHead) return std::nullopt;
  std::string_view rest = stat.substr(kHead.size());
  uint64_t ticks = 0;
  for (int field = 0; field < kFields; ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    uint64_t value;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (parsed.ec != std::errc()) return std::nullopt;
    rest.remove_prefix(static_cast<size_t>(parsed.ptr - rest.data()));
    if (field != kIdle && field != kIowait) ticks += value;
  }
  return ticks * (1'000'000'000 / static_cast<uint64_t>(ticks_per_second));
}

ProcessMemory ParseProcessMemory(std::string_view status) {
  ProcessMemory memory;
  memory.resident = BytesOf(status, "VmRSS");
  const std::optional<uint64_t> anonymous = BytesOf(status, "RssAnon");
  if (!anonymous) return memory;
  const uint64_t shared = BytesOf(status, "RssShmem").value_or(0);
  const uint64_t beside = BytesOf(status, "VmSwap").value_or(0) + BytesOf(status, "VmPTE").value_or(0);
  memory.held = *anonymous + shared + beside;
  // The most that was ever resident, without the pages of files, whose number hardly changes once a program runs.
  const uint64_t most = BytesOf(status, "VmHWM").value_or(0), files = BytesOf(status, "RssFile").value_or(0);
  memory.held_peak = std::max(*memory.held, most > files ? most - files + beside : 0);
  return memory;
}

ProcessCounters::ProcessCounters() : status_(open("/proc/self/status", O_RDONLY | O_CLOEXEC)) {}

ProcessCounters::~ProcessCounters() {
  if (status_ >= 0) close(status_);
}

ProcessMemory ProcessCounters::Memory() const {
  char text[4096];
  const ssize_t length = status_ < 0 ? -1 : pread(status_, text, sizeof text, 0);
  return ParseProcessMemory(std::string_view(text, length > 0 ? static_cast<size_t>(length) : 0));
}

ProcessSample ProcessCounters::Sample() {
  ProcessSample sample;
  sample.memory = Memory();
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  sample.page_faults_major = static_cast<uint64_t>(usage.ru_majflt);
  sample.page_faults_minor = static_cast<uint64_t>(usage.ru_minflt);
  sample.open_files = CountOpenFiles();
  const int64_t begin_ns = MonotonicNs();
  if (begin_ns >= next_machine_ns_) {
    sample.machine_cpu_ns = ParseMachineCpuNs(ReadText("/proc/stat"), sysconf(_SC_CLK_TCK));
    timespec cpu = {};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
      sample.process_cpu_ns = static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
    }
    const int64_t end_ns = MonotonicNs();
    next_machine_ns_ = end_ns + kMachineCostFactor * (end_ns - begin_ns);
  }
  return sample;
}

}  // namespace stallpoint
