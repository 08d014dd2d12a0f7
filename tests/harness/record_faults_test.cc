#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "harness/record/recorder.h"
#include "harness/record/track_registry.h"
#include "record_support.h"
#include "traces/reader.h"

extern "C" void __tsan_init() __attribute__((weak));  // there when built with ThreadSanitizer

namespace stallpoint {
namespace {

// Runs `body` in a forked child and returns its exit code; 128 + N when it died of a signal. A child that hangs is
// killed.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<trace::Chunk> ReadFile(const std::string& path) {
  std::vector<trace::Chunk> chunks;
  auto reader = TraceReader::Open(path);
  REQUIRE(reader.ok());
  trace::Chunk chunk;
  TraceReader::Origin origin;
  while (*(*reader)->Next(&chunk, &origin)) chunks.push_back(chunk);
  return chunks;
}

TEST_CASE("A stalled disk makes rings overflow and events drop, and never holds up the recorded thread") {
  auto memory = std::make_shared<MemoryTrace>();
  Recorder::Options options = MemoryOptions(memory);
  options.ring_bytes = 4096;
  options.flush_interval_ns = 1'000'000;
  auto recorder = StartRecorder(options);
  const uint32_t name = recorder->Intern("work"), series = recorder->Series("depth", "1");
  trace::TrackDefinition track;
  track.set_name("main");
  ThreadLog* log = recorder->AttachThread(track);
  memory->Stall(true);
  log->Span(name, 1, 2);
  memory->WaitUntilAWriterStalls();
  // The only thread that could free a slot is stuck from here on: every call below returns all the same.
  constexpr uint64_t kSpans = 10'000, kCounters = 70'000, kLines = 5000, kBatches = 20'000;
  for (uint64_t i = 0; i < kSpans; ++i) log->Span(name, i + 1, i + 2);
  for (uint64_t i = 0; i < kCounters; ++i) recorder->Counter(series, 1);
  for (uint64_t i = 0; i < kLines; ++i) recorder->Log(0, "line");
  trace::BatchBlock batch;
  batch.add_batch(1);
  for (uint64_t i = 0; i < kBatches; ++i) recorder->Batch(batch);
  memory->Stall(false);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());

  const trace::Accounting total = recorder->accounting();
  const ReadTrace read = ReadChunks(memory->chunks());
  // One more line tells of the batches that were lost.
  CHECK(total.emitted() == 1 + kSpans + kCounters + kLines + 1);
  CHECK(total.emitted() == total.recorded() + total.dropped());
  CHECK(read.events_read == total.recorded());
  CHECK(total.dropped() >= kSpans - 128 - 1);
  CHECK(read.log_lines.back().find("batches") != std::string::npos);
}

TEST_CASE("After a failed write everything is counted as dropped and finishing returns the error") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("work");
  trace::TrackDefinition track;
  track.set_name("main");
  ThreadLog* log = recorder->AttachThread(track);
  for (int i = 0; i < 100; ++i) log->Span(name, 1, 2);
  recorder->Flush();
  CHECK(recorder->accounting().recorded() == 100);
  memory->FailFrom(memory->chunks().size());
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) log->Span(name, 1, 2);
    recorder->Flush();
    const trace::Accounting total = recorder->accounting();
    CHECK(total.emitted() == total.recorded() + total.dropped());
  }
  CHECK(recorder->Finish(trace::OUTCOME_OK, "").code() == absl::StatusCode::kResourceExhausted);
  const trace::Accounting total = recorder->accounting();
  CHECK(total.emitted() == 600);
  CHECK(total.recorded() == 100);
  CHECK(total.dropped() == 500);
  const ReadTrace read = ReadChunks(memory->chunks());
  CHECK(read.spans_read == 100);
  CHECK_FALSE(read.closed);
}

TEST_CASE("When the file may not grow any further the workload goes on and the trace so far is valid") {
  const std::string path = "/tmp/stallpoint-record-full-" + std::to_string(getpid());
  constexpr uint64_t kSpans = 100'000;
  const int code = InChild([&] {
    const rlimit limit = {64 << 10, 64 << 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    Recorder::Options options;
    options.path = path;
    options.process_counters = false;
    options.ring_bytes = 8 << 20;
    auto recorder = Recorder::Start(options);
    if (!recorder.ok()) return 10;
    ThreadLog* log = (*recorder)->AttachThread({});
    const uint32_t name = (*recorder)->Intern("work");
    uint64_t at = 1;
    for (uint64_t i = 0; i < kSpans; ++i) {
      at += i * 2654435761u % 100'000;
      log->CostSpan(name, at, at + i % 977, static_cast<int64_t>(i), static_cast<int64_t>(i), {i, i}, i);
      if (i % 5000 == 0) (*recorder)->Flush();
    }
    if ((*recorder)->Finish(trace::OUTCOME_OK, "").ok()) return 11;
    const trace::Accounting total = (*recorder)->accounting();
    if (total.emitted() != kSpans || total.emitted() != total.recorded() + total.dropped()) return 12;
    return total.dropped() > 0 ? 0 : 13;
  });
  CHECK(code == 0);
  const ReadTrace read = ReadChunks(ReadFile(path));
  CHECK_FALSE(read.closed);
  CHECK(read.spans_read > 0);
  CHECK(read.spans_read == read.accounting.recorded());
  std::filesystem::remove(path);
}

TEST_CASE("A forked child records nothing, hangs on nothing and leaves the parent's trace alone") {
  const std::string path = "/tmp/stallpoint-record-fork-" + std::to_string(getpid());
  Recorder::Options options;
  options.path = path;
  options.process_counters = false;
  options.flush_interval_ns = 1'000'000;
  auto recorder = StartRecorder(options);
  trace::TrackDefinition track;
  track.set_name("main");
  ThreadLog* log = recorder->AttachThread(track);
  const uint32_t name = recorder->Intern("work");
  // Many times: a fork may come while the recorder's thread holds any of its locks.
  for (int round = 0; round < 50; ++round) {
    log->Span(name, 1, 2);
    const int code = InChild([&] {
      if (ThreadLog::Current() != nullptr) return 1;
      if (recorder->Intern("another") != 0) return 2;
      if (recorder->AttachThread({}) != nullptr) return 3;
      recorder->Counter(1, 1);
      recorder->Log(0, "from the child");
      recorder->Flush();
      if (recorder->Finish(trace::OUTCOME_OK, "").ok()) return 4;
      recorder.reset();
      return 0;
    });
    REQUIRE(code == 0);
  }
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const ReadTrace read = ReadChunks(ReadFile(path));
  CHECK(read.spans_read == 50);
  CHECK(read.log_lines.empty());
  CHECK(read.outcome == trace::OUTCOME_OK);
  std::filesystem::remove(path);
}

TEST_CASE("A forked child may record to a file of its own") {
  if (__tsan_init != nullptr) {
    WARN("skipped: ThreadSanitizer does not allow threads in a child forked from several threads");
    return;
  }
  const std::string path = "/tmp/stallpoint-record-own-" + std::to_string(getpid());
  auto recorder = StartRecorder(MemoryOptions(std::make_shared<MemoryTrace>()));
  const int code = InChild([&] {
    Recorder::Options options;
    options.path = path;
    auto own = Recorder::Start(options);
    if (!own.ok()) return 1;
    (*own)->AttachThread({})->Span((*own)->Intern("child's work"), 1, 2);
    return (*own)->Finish(trace::OUTCOME_OK, "").ok() ? 0 : 2;
  });
  CHECK(code == 0);
  CHECK(ReadChunks(ReadFile(path)).spans_read == 1);
  std::filesystem::remove(path);
}

TEST_CASE("Ten thousand short threads are accounted for exactly") {
  constexpr uint64_t kThreads = 10'000, kEvents = 10, kAtATime = 40;
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  const uint32_t name = recorder->Intern("work");
  for (uint64_t started = 0; started < kThreads; started += kAtATime) {
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < kAtATime; ++t) {
      threads.emplace_back([&, id = started + t] {
        trace::TrackDefinition track;
        track.set_name(std::to_string(id));
        ThreadLog* log = recorder->AttachThread(track);
        for (uint64_t i = 0; i < kEvents; ++i) log->Span(name, i + 1, i + 2);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(recorder->Progress().empty());
  const trace::Accounting total = recorder->accounting();
  CHECK(total.emitted() == kThreads * kEvents);
  // Even if no ring were drained before the end, the smallest would hold more than ten spans.
  CHECK(total.dropped() == 0);
  const ReadTrace read = ReadChunks(memory->chunks());
  CHECK(read.spans_read == total.recorded());
  CHECK(read.spans.size() == kThreads);
}

TEST_CASE("Rings of ten thousand threads that are alive together stay within their budget") {
  TrackRegistry registry(1 << 20, nullptr);
  uint64_t bytes = 0, empty = 0;
  uint32_t first = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint32_t slots = registry.Add({})->log->ring().capacity();
    if (i == 0) first = slots;
    bytes += slots * sizeof(EventSlot);
    empty += slots == 0;
  }
  CHECK(first * sizeof(EventSlot) == 1 << 20);
  CHECK(bytes <= 256 << 20);
  CHECK(empty == 0);
}

TEST_CASE("Names without end cost bounded memory and end up under one name") {
  auto memory = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(memory));
  uint32_t last = 0;
  for (int i = 0; i < 70'000; ++i) last = recorder->Intern("name " + std::to_string(i));
  CHECK(last == recorder->Intern("yet another name"));
  CHECK(last != recorder->Intern("name 0"));
  recorder->AttachThread({})->Span(last, 1, 2);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  CHECK(ReadChunks(memory->chunks()).names.at(last) == "(further names)");
}

}  // namespace
}  // namespace stallpoint
