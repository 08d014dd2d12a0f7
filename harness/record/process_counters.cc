#include "harness/record/process_counters.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace stallpoint {
namespace {

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

}  // namespace

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

ProcessSample ProcessCounters::Sample() const {
  ProcessSample sample;
  sample.memory = Memory();
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  sample.page_faults_major = static_cast<uint64_t>(usage.ru_majflt);
  sample.page_faults_minor = static_cast<uint64_t>(usage.ru_minflt);
  return sample;
}

}  // namespace stallpoint
