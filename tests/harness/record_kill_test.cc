#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "harness/record/recorder.h"
#include "record_support.h"
#include "traces/reader.h"

namespace stallpoint {
namespace {

void SleepNs(int64_t ns) {
  const timespec pause = {ns / 1'000'000'000, ns % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
}

// Records a span every millisecond for ever, and tells when the last one was.
[[noreturn]] void RecordUntilKilled(const std::string& path, std::atomic<uint64_t>* last_ticks) {
  Recorder::Options options;
  options.path = path;
  auto recorder = Recorder::Start(options);
  if (!recorder.ok()) _exit(1);
  ThreadLog* log = (*recorder)->AttachThread({});
  const uint32_t name = (*recorder)->Intern("work");
  while (true) {
    const uint64_t begin = Ticks();
    SleepNs(1'000'000);
    const uint64_t end = Ticks();
    log->Span(name, begin, end);
    last_ticks->store(end, std::memory_order_relaxed);
  }
}

struct Victim {
  pid_t pid;
  std::string path;
  int64_t kill_after_ns;
};

TEST_CASE("A process killed at a random point loses at most the last second of its trace") {
  const bool exhaustive = std::getenv("STALLPOINT_EXHAUSTIVE") != nullptr;
  const size_t points = exhaustive ? 200 : 10;
  constexpr size_t kAtATime = 10;
  const std::string folder = "/tmp/stallpoint-record-kill-" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  auto* last_ticks = static_cast<std::atomic<uint64_t>*>(
      mmap(nullptr, points * sizeof(std::atomic<uint64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(last_ticks != MAP_FAILED);
  std::mt19937_64 random(11);

  for (size_t first = 0; first < points; first += kAtATime) {
    std::vector<Victim> victims;
    for (size_t i = first; i < first + kAtATime; ++i) {
      Victim victim;
      victim.path = folder + "/" + std::to_string(i) + ".sptrace";
      victim.kill_after_ns = 1'200'000'000 + static_cast<int64_t>(random() % 1'000'000'000);
      victim.pid = fork();
      if (victim.pid == 0) RecordUntilKilled(victim.path, &last_ticks[i]);
      victims.push_back(victim);
    }
    std::vector<Victim> in_order = victims;
    std::sort(in_order.begin(), in_order.end(),
              [](const Victim& a, const Victim& b) { return a.kill_after_ns < b.kill_after_ns; });
    int64_t passed_ns = 0;
    for (const Victim& victim : in_order) {
      SleepNs(victim.kill_after_ns - passed_ns);
      passed_ns = victim.kill_after_ns;
      kill(victim.pid, SIGKILL);
      waitpid(victim.pid, nullptr, 0);
    }

    for (size_t i = 0; i < victims.size(); ++i) {
      auto reader = TraceReader::Open(victims[i].path);
      REQUIRE(reader.ok());
      std::vector<trace::Chunk> chunks;
      trace::Chunk chunk;
      TraceReader::Origin origin;
      while (*(*reader)->Next(&chunk, &origin)) chunks.push_back(chunk);
      const ReadTrace read = ReadChunks(chunks);
      CHECK_FALSE(read.closed);
      CHECK(read.events_read == read.accounting.recorded());
      CHECK(read.accounting.dropped() == 0);
      uint64_t last_read = read.snapshots.front().ticks();
      for (const auto& [track, spans] : read.spans) {
        for (size_t s = 1; s < spans.size(); ++s) CHECK(spans[s].begin_ticks >= spans[s - 1].end_ticks);
        last_read = spans.back().end_ticks;
      }
      const double lost_s = static_cast<double>(last_ticks[first + i].load() - last_read) / TicksPerSecond();
      CHECK(lost_s <= 1.0);
    }
  }
  munmap(last_ticks, points * sizeof(std::atomic<uint64_t>));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace stallpoint
