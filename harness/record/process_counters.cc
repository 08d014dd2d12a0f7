#include "harness/record/process_counters.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "harness/record/clock.h"

namespace stallpoint {
namespace {

constexpr int64_t kPssIntervalNs = 1'000'000'000;
constexpr int64_t kPssCostFactor = 500;

std::optional<uint64_t> ParseNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  uint64_t value;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

std::string ReadFrom(int descriptor) {
  char text[4096];
  const ssize_t length = descriptor < 0 ? -1 : pread(descriptor, text, sizeof text, 0);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : std::string();
}

std::string ReadSmapsRollup() {
  const int descriptor = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  const std::string text = ReadFrom(descriptor);
  if (descriptor >= 0) close(descriptor);
  return text;
}

}  // namespace

std::optional<uint64_t> ParseResidentBytes(std::string_view statm, uint64_t page_bytes) {
  const size_t space = statm.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> pages = ParseNumber(statm.substr(space));
  if (!pages) return std::nullopt;
  return *pages * page_bytes;
}

std::optional<uint64_t> ParsePssBytes(std::string_view smaps_rollup) {
  constexpr std::string_view kKey = "\nPss:";
  const size_t line = smaps_rollup.find(kKey);
  if (line == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> kib = ParseNumber(smaps_rollup.substr(line + kKey.size()));
  if (!kib) return std::nullopt;
  return *kib * 1024;
}

ProcessCounters::ProcessCounters() : statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

ProcessCounters::~ProcessCounters() {
  if (statm_ >= 0) close(statm_);
}

ProcessSample ProcessCounters::Sample() {
  ProcessSample sample;
  sample.rss_bytes = ParseResidentBytes(ReadFrom(statm_), static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  sample.page_faults_major = static_cast<uint64_t>(usage.ru_majflt);
  sample.page_faults_minor = static_cast<uint64_t>(usage.ru_minflt);
  const int64_t begin_ns = MonotonicNs();
  if (begin_ns >= next_pss_ns_) {
    sample.pss_bytes = ParsePssBytes(ReadSmapsRollup());
    const int64_t end_ns = MonotonicNs();
    next_pss_ns_ = end_ns + std::max(kPssIntervalNs, kPssCostFactor * (end_ns - begin_ns));
  }
  return sample;
}

}  // namespace stallpoint
