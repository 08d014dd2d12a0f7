#include "harness/record/thread_usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <ctime>

#include "harness/record/clock.h"
#include "harness/record/fork_guard.h"

namespace stallpoint {
namespace {

constexpr double kUnseenWaitNs = 10'000;

// schedstat of the calling thread, kept open: opening costs ten times as much as reading.
class SchedstatFile {
 public:
  ~SchedstatFile() { Close(); }

  uint64_t RunQueueNs() {
    if (fork_count_ != ForkCount()) Reopen();
    if (descriptor_ < 0) return 0;
    char text[64];
    const ssize_t length = pread(descriptor_, text, sizeof text, 0);
    if (length <= 0) return 0;
    return ParseRunQueueNs({text, static_cast<size_t>(length)}).value_or(0);
  }

 private:
  // After a fork the inherited descriptor speaks of the parent's thread.
  void Reopen() {
    Close();
    descriptor_ = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    fork_count_ = ForkCount();
  }
  void Close() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor_ = -1;
  int64_t fork_count_ = -1;
};

thread_local SchedstatFile schedstat;

uint64_t StorageBytes() {
  constexpr uint64_t kSectorBytes = 512;
  rusage used;
  return getrusage(RUSAGE_THREAD, &used) == 0 ? static_cast<uint64_t>(used.ru_inblock) * kSectorBytes : 0;
}

}  // namespace

std::optional<uint64_t> ParseRunQueueNs(std::string_view text) {
  const char* end = text.data() + text.size();
  uint64_t cpu_ns, run_queue_ns;
  const auto first = std::from_chars(text.data(), end, cpu_ns);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, run_queue_ns);
  if (second.ec != std::errc()) return std::nullopt;
  return run_queue_ns;
}

ThreadUsage ReadThreadUsage() {
  // A thread that has computed ever since it was last asked has waited for neither a core nor storage.
  thread_local struct {
    ThreadUsage usage;
    uint64_t ticks = 0;
    int64_t fork_count = -1;
  } last;
  static const double ns_per_tick = 1e9 / TicksPerSecond();

  ThreadUsage usage;
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  usage.cpu_ns = static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
  const uint64_t now = Ticks();
  const double off_cpu_ns =
      static_cast<double>(now - last.ticks) * ns_per_tick - static_cast<double>(usage.cpu_ns - last.usage.cpu_ns);
  if (last.fork_count == ForkCount() && off_cpu_ns < kUnseenWaitNs) {
    usage.run_queue_ns = last.usage.run_queue_ns;
    usage.storage_bytes = last.usage.storage_bytes;
    return usage;
  }
  usage.run_queue_ns = schedstat.RunQueueNs();
  usage.storage_bytes = StorageBytes();
  last = {usage, now, ForkCount()};
  return usage;
}

}  // namespace stallpoint
