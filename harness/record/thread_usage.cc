#include "harness/record/thread_usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "harness/record/clock.h"
#include "harness/record/fork_guard.h"

namespace stallpoint {
namespace {

constexpr int64_t kUndisturbedNs = 30'000;
constexpr int kReadings = 4;

// schedstat of the calling thread, kept open: opening costs ten times as much as reading.
class SchedstatFile {
 public:
  ~SchedstatFile() { Close(); }

  std::optional<uint64_t> RunQueueNs() {
    if (fork_count_ != ForkCount()) Reopen();
    if (descriptor_ < 0) return std::nullopt;
    char text[64];
    const ssize_t length = pread(descriptor_, text, sizeof text, 0);
    if (length <= 0) return std::nullopt;
    return ParseRunQueueNs({text, static_cast<size_t>(length)});
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

uint64_t CpuClockNs() {
  timespec cpu;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return static_cast<uint64_t>(cpu.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(cpu.tv_nsec);
}

// How often the thread slept and was preempted, and what it read.
struct KernelCounts {
  int64_t sleeps = 0, preemptions = 0;
  uint64_t storage_bytes = 0;
};

std::optional<KernelCounts> ReadCounts() {
  constexpr uint64_t kSectorBytes = 512;
  rusage used;
  if (getrusage(RUSAGE_THREAD, &used) != 0) return std::nullopt;
  return KernelCounts{used.ru_nvcsw, used.ru_nivcsw, static_cast<uint64_t>(used.ru_inblock) * kSectorBytes};
}

// Not every kernel that has the call counts sleeps: sandboxes leave it at 0. A sleep may be over before it began.
bool CountsSleeps() {
  constexpr int kTries = 3;
  const timespec moment = {0, 100'000};
  for (int i = 0; i < kTries; ++i) {
    const auto before = ReadCounts();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr);
    const auto after = ReadCounts();
    if (before && after && after->sleeps > before->sleeps) return true;
  }
  return false;
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
  thread_local struct {
    ThreadUsage usage;
    KernelCounts counts;
    uint64_t ticks = 0;
    int64_t fork_count = -1;
  } last;
  static const double ns_per_tick = 1e9 / TicksPerSecond();
  static const bool counts_sleeps = CountsSleeps();

  static const auto undisturbed_ticks = static_cast<uint64_t>(TicksOfNs(kUndisturbedNs));

  const bool known = last.fork_count == ForkCount();
  KernelCounts counts;
  bool stayed_awake = false;
  std::optional<uint64_t> run_queue_ns;
  // The readings belong together where the thread did not lose its core between them.
  uint64_t now = 0;
  for (int i = 0; i < kReadings && (i == 0 || Ticks() - now > undisturbed_ticks); ++i) {
    now = Ticks();
    counts = ReadCounts().value_or(KernelCounts{});
    stayed_awake = counts_sleeps && known && counts.sleeps == last.counts.sleeps;
    run_queue_ns = last.usage.run_queue_ns;
    if (!stayed_awake || counts.preemptions != last.counts.preemptions) run_queue_ns = schedstat.RunQueueNs();
  }
  ThreadUsage usage = {last.usage.cpu_ns, run_queue_ns.value_or(0), counts.storage_bytes};
  if (stayed_awake && run_queue_ns) {
    const auto elapsed_ns = static_cast<uint64_t>(static_cast<double>(now - last.ticks) * ns_per_tick);
    usage.cpu_ns += elapsed_ns - std::min(elapsed_ns, usage.run_queue_ns - last.usage.run_queue_ns);
  } else {
    usage.cpu_ns = known ? std::max(usage.cpu_ns, CpuClockNs()) : CpuClockNs();
  }
  last = {usage, counts, now, ForkCount()};
  return usage;
}

}  // namespace stallpoint
