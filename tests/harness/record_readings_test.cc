#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <optional>
#include <thread>
#include <vector>

#include "catch.h"
#include "harness/record/clock.h"
#include "harness/record/host_identity.h"
#include "harness/record/process_counters.h"
#include "harness/record/thread_usage.h"

namespace stallpoint {
namespace {

constexpr char kStatus[] =
    "Name:\tVmRSS: 1 kB\n"
    "VmHWM:\t    4000 kB\n"
    "VmRSS:\t    3500 kB\n"
    "RssAnon:\t    2000 kB\n"
    "RssFile:\t    1000 kB\n"
    "RssShmem:\t     500 kB\n"
    "VmPTE:\t      40 kB\n"
    "VmSwap:\t       7 kB\n";

TEST_CASE("A process holds its anonymous, shared and swapped memory and its page tables, but not pages of files") {
  const ProcessMemory memory = ParseProcessMemory(kStatus);
  CHECK(memory.resident == 3500u * 1024);
  CHECK(memory.held == (2000u + 500 + 40 + 7) * 1024);
  CHECK(memory.held_peak == (4000u - 1000 + 40 + 7) * 1024);
}

TEST_CASE("The most that a process held is never less than what it holds now") {
  CHECK(ParseProcessMemory("VmHWM: 10 kB\nRssAnon: 30 kB\nRssFile: 20 kB\n").held_peak == 30u * 1024);
}

TEST_CASE("A kernel that does not tell anonymous memory from pages of files leaves only resident memory") {
  const ProcessMemory memory = ParseProcessMemory("VmHWM:\t 4000 kB\nVmRSS:\t 3500 kB\n");
  CHECK(memory.resident == 3500u * 1024);
  CHECK_FALSE(memory.held);
  CHECK_FALSE(memory.held_peak);
  CHECK_FALSE(ParseProcessMemory("").resident);
  CHECK_FALSE(ParseProcessMemory("VmRSS:").resident);
  CHECK_FALSE(ParseProcessMemory("VmRSS: many kB").resident);
  CHECK_FALSE(ParseProcessMemory("VmRSS: 18446744073709551615 kB").resident);
}

TEST_CASE("The machine's CPU time is without idling, waiting for a disk, and guests, which are counted already") {
  CHECK(ParseMachineCpuNs("cpu  10 2 3 1000 500 4 5 6 100 100\ncpu0 1 1\n", 100) == 30u * 10'000'000);
  CHECK_FALSE(ParseMachineCpuNs("cpu  10 2 3 1000 500 4 5\n", 100));
  CHECK_FALSE(ParseMachineCpuNs("cpu0 10 2 3 1000 500 4 5 6\n", 100));
  CHECK_FALSE(ParseMachineCpuNs("", 100));
  CHECK_FALSE(ParseMachineCpuNs("cpu  1 2 3 4 5 6 7 8\n", 0));
}

TEST_CASE("Run-queue time is the second field of schedstat") {
  CHECK(ParseRunQueueNs("85712339 181970 112\n") == 181970u);
  CHECK(ParseRunQueueNs("0 0 1") == 0u);
  CHECK(ParseRunQueueNs("18446744073709551615 18446744073709551615 1") == 18446744073709551615u);
  CHECK(ParseRunQueueNs("") == std::nullopt);
  CHECK(ParseRunQueueNs("85712339") == std::nullopt);
  CHECK(ParseRunQueueNs("85712339\n") == std::nullopt);
  CHECK(ParseRunQueueNs("-1 5 1") == std::nullopt);
}

TEST_CASE("A cgroup's quota in processors is understood in both versions") {
  CHECK(ParseCpuQuota("150000 100000\n") == 1.5);
  CHECK(ParseCpuQuota("max 100000\n") == std::nullopt);
  CHECK(ParseCpuQuota("200000\n 100000\n") == 2.0);
  CHECK(ParseCpuQuota("-1\n 100000\n") == std::nullopt);
  CHECK(ParseCpuQuota("100000 0") == std::nullopt);
  CHECK(ParseCpuQuota(" ") == std::nullopt);
}

TEST_CASE("What the kernel says of a process that holds more memory is more") {
  ProcessCounters counters;
  const ProcessSample before = counters.Sample();
  REQUIRE(before.memory.resident.has_value());
  std::vector<char> more(64 << 20, 1);
  const ProcessSample after = counters.Sample();
  CHECK(*after.memory.resident >= *before.memory.resident + (60u << 20));
  CHECK(after.page_faults_minor >= before.page_faults_minor);
  if (!before.memory.held) return;
  CHECK(*after.memory.held >= *before.memory.held + (60u << 20));
  CHECK(*after.memory.held_peak >= *after.memory.held);
  CHECK(*after.memory.held <= *after.memory.resident + (8u << 20));
  CHECK(more[1 << 20] == 1);
}

TEST_CASE("A thread's CPU time grows with what it computes") {
  const ThreadUsage begin = ReadThreadUsage();
  timespec cpu;
  volatile uint64_t sink = 0;
  do {
    for (int i = 0; i < 1000; ++i) sink = sink + 1;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  } while (cpu.tv_sec * 1'000'000'000ull + static_cast<uint64_t>(cpu.tv_nsec) < begin.cpu_ns + 5'000'000);
  const ThreadUsage used = ReadThreadUsage() - begin;
  CHECK(used.cpu_ns >= 5'000'000);
  ThreadUsage of_new_thread;
  std::thread([&] { of_new_thread = ReadThreadUsage(); }).join();
  CHECK(of_new_thread.cpu_ns < begin.cpu_ns + used.cpu_ns);
}

TEST_CASE("A thread that shares its core sees what it waits for it, however often it looks") {
  if (access("/proc/thread-self/schedstat", R_OK) != 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  std::atomic<bool> done{false};
  ThreadUsage used;
  int64_t wall_ns = 0;
  std::thread other([&] {
    sched_setaffinity(0, sizeof(one), &one);
    while (!done) {
    }
  });
  std::thread measured([&] {
    sched_setaffinity(0, sizeof(one), &one);
    const int64_t begin_ns = MonotonicNs();
    const ThreadUsage begin = ReadThreadUsage();
    while (wall_ns < 200'000'000) {
      used = ReadThreadUsage() - begin;
      wall_ns = MonotonicNs() - begin_ns;
    }
    done = true;
  });
  measured.join();
  other.join();
  const double waited_ns = static_cast<double>(wall_ns) - static_cast<double>(used.cpu_ns);
  INFO("waited " << waited_ns << " ns, run queue " << used.run_queue_ns << " ns");
  CHECK(waited_ns > 20'000'000);
  CHECK(static_cast<double>(used.run_queue_ns) > waited_ns / 2);
}

TEST_CASE("A thread's CPU time is that of the kernel's clock, whether it computes, sleeps or shares its core") {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  std::atomic<bool> done{false};
  std::thread other([&] {
    sched_setaffinity(0, sizeof(one), &one);
    while (!done) {
    }
  });
  double counted_ns = 0, clock_ns = 0;
  std::thread measured([&] {
    sched_setaffinity(0, sizeof(one), &one);
    const auto clock = [] {
      timespec cpu;
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
      return static_cast<double>(cpu.tv_sec) * 1e9 + static_cast<double>(cpu.tv_nsec);
    };
    const double begin_ns = clock();
    const ThreadUsage begin = ReadThreadUsage();
    volatile uint64_t sink = 0;
    for (int sample = 0; sample < 40; ++sample) {
      const timespec read = {0, 1'000'000};
      clock_nanosleep(CLOCK_MONOTONIC, 0, &read, nullptr);
      ReadThreadUsage();
      for (int stage = 0; stage < 3; ++stage) {
        for (int i = 0; i < 500'000; ++i) sink = sink + 1;
        ReadThreadUsage();
      }
    }
    counted_ns = static_cast<double>((ReadThreadUsage() - begin).cpu_ns);
    clock_ns = clock() - begin_ns;
  });
  measured.join();
  done = true;
  other.join();
  CHECK(counted_ns > 0.95 * clock_ns);
  CHECK(counted_ns < 1.05 * clock_ns);
}

TEST_CASE("Without a descriptor to spare run-queue time is 0 and CPU time is still read") {
  TicksPerSecond();  // calibrated once: under UBSan that takes descriptors
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    const ThreadUsage usage = ReadThreadUsage();
    _exit(usage.run_queue_ns != 0 ? 1 : usage.cpu_ns == 0 ? 2 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("Snapshots grow, and conversions to ticks agree with them") {
  const trace::ClockSnapshot first = TakeClockSnapshot(), second = TakeClockSnapshot();
  CHECK(second.ticks() >= first.ticks());
  CHECK(second.monotonic_ns() >= first.monotonic_ns());
  CHECK(first.boottime_ns() >= first.monotonic_ns());
  CHECK(first.realtime_ns() > 0);
  CHECK(TicksPerSecond() > 1e6);
  CHECK(std::abs(static_cast<double>(TicksOfNs(1'000'000'000)) - TicksPerSecond()) <= 1);
  const int64_t later_ns = first.monotonic_ns() + 1'000'000'000;
  const double expected = static_cast<double>(first.ticks()) + TicksPerSecond();
  CHECK(std::abs(static_cast<double>(TicksAtMonotonic(later_ns)) - expected) < 0.001 * TicksPerSecond());
}

TEST_CASE("The host says what it is") {
  const trace::Host host = DescribeHost();
  CHECK_FALSE(host.name().empty());
  CHECK(host.clock_domain_id() != 0);
  CHECK(host.clock_domain_id() == DescribeHost().clock_domain_id());
  CHECK(host.usable_cores() > 0);
  CHECK(host.usable_cores() <= host.online_cores());
  CHECK(host.memory_bytes() > 1 << 20);
  CHECK(RandomId() != RandomId());
}

}  // namespace
}  // namespace stallpoint
