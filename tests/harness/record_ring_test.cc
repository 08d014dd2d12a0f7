#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "catch.h"
#include "harness/record/event_ring.h"
#include "harness/record/thread_log.h"

namespace stallpoint {
namespace {

std::vector<uint32_t> DrainedIds(EventRing& ring) {
  std::vector<uint32_t> ids;
  ring.Drain([&](const EventSlot& event, const CostSlot*) { ids.push_back(event.id); });
  return ids;
}

TEST_CASE("A full ring refuses events, counts them, and takes new ones once it was drained") {
  ThreadLog log(1, 4);
  for (uint32_t id = 1; id <= 6; ++id) log.Span(id, 10, 20);
  CHECK(log.ring().dropped() == 2);
  CHECK(DrainedIds(log.ring()) == std::vector<uint32_t>{1, 2, 3, 4});
  log.Span(7, 10, 20);
  CHECK(log.ring().dropped() == 2);
  CHECK(DrainedIds(log.ring()) == std::vector<uint32_t>{7});
}

TEST_CASE("Recording meets no page fault: all that a ring will ever hold is there as it is made") {
  const auto faults = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
  };
  constexpr uint32_t kSlots = 1 << 15;  // 256 pages
  ThreadLog log(1, kSlots);
  const auto before = faults();
  for (uint32_t i = 0; i < kSlots; ++i) log.Span(1, 10, 20);
  CHECK(faults() - before < 16);
  CHECK(log.ring().dropped() == 0);
}

TEST_CASE("A cost span needs two slots and is dropped whole when one is left") {
  ThreadLog log(1, 4);
  for (uint32_t id = 1; id <= 3; ++id) log.Span(id, 10, 20);
  log.CostSpan(4, 10, 20, 0, 0, {}, 0);
  CHECK(log.ring().dropped() == 1);
  log.Span(5, 10, 20);
  CHECK(DrainedIds(log.ring()) == std::vector<uint32_t>{1, 2, 3, 5});
}

TEST_CASE("A cost span may lie across the end of the ring") {
  ThreadLog log(1, 4);
  for (uint32_t id = 1; id <= 3; ++id) log.Span(id, 10, 20);
  CHECK(DrainedIds(log.ring()).size() == 3);
  log.CostSpan(9, 100, 200, 5, 6, {7, 8}, 9);
  int visited = 0;
  log.ring().Drain([&](const EventSlot& event, const CostSlot* cost) {
    ++visited;
    CHECK(event.id == 9);
    CHECK(event.span.begin_ticks == 100);
    CHECK(event.span.end_ticks == 200);
    CHECK(event.span.batch == 5);
    REQUIRE(cost != nullptr);
    CHECK(cost->sample == 6);
    CHECK(cost->cpu_ns == 7);
    CHECK(cost->run_queue_ns == 8);
    CHECK(cost->bytes == 9);
  });
  CHECK(visited == 1);
}

TEST_CASE("A ring that becomes half full wakes its consumer, once until it was drained") {
  const auto half_full = std::make_shared<WakeUp>();
  const auto posted = [&] { return half_full->WaitUntil(std::chrono::steady_clock::now()); };
  ThreadLog log(1, 8, half_full);
  for (uint32_t id = 1; id <= 4; ++id) log.Span(id, 10, 20);
  CHECK_FALSE(posted());
  log.Span(5, 10, 20);
  CHECK(posted());
  for (uint32_t id = 6; id <= 9; ++id) log.Span(id, 10, 20);
  CHECK_FALSE(posted());
  CHECK(log.ring().dropped() == 1);
  CHECK(DrainedIds(log.ring()).size() == 8);
  for (uint32_t id = 1; id <= 4; ++id) log.Span(id, 10, 20);
  CHECK_FALSE(posted());
  log.Span(5, 10, 20);
  CHECK(posted());
}

TEST_CASE("What a span fetched from storage is kept in whole pages, and as much as there is room for") {
  ThreadLog log(1, 16);
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{4097}, UINT64_MAX}) {
    log.CostSpan(1, 10, 20, 0, 0, {.storage_bytes = bytes}, 0);
  }
  std::vector<uint64_t> pages;
  log.ring().Drain([&](const EventSlot& event, const CostSlot*) { pages.push_back(event.storage_units); });
  CHECK(pages == std::vector<uint64_t>{0, 1, 1, 2, kMostStorageUnits});
}

TEST_CASE("A ring without slots drops everything") {
  ThreadLog log(1, 0);
  log.Span(1, 10, 20);
  log.CostSpan(1, 10, 20, 0, 0, {}, 0);
  log.Counter(1, 0.5);
  CHECK(log.ring().dropped() == 3);
  CHECK(DrainedIds(log.ring()).empty());
}

TEST_CASE("Events of one thread reach the other whole and in order while both are at work") {
  constexpr uint64_t kEvents = 200'000;
  ThreadLog log(1, 64);
  std::thread producer([&] {
    for (uint64_t i = 0; i < kEvents; ++i) {
      if (i % 3 == 0) {
        log.CostSpan(2, i, i + 1, static_cast<int64_t>(i), static_cast<int64_t>(i), {i, i}, i);
      } else {
        log.Span(1, i, i + 1, static_cast<int64_t>(i));
      }
    }
    log.MarkFinished();
  });
  uint64_t drained = 0, next = 0, torn = 0, disordered = 0;
  const auto visit = [&](const EventSlot& event, const CostSlot* cost) {
    const uint64_t i = event.span.begin_ticks;
    ++drained;
    disordered += i < next;
    next = i + 1;
    torn += event.span.end_ticks != i + 1 || event.span.batch != static_cast<int64_t>(i) || (i % 3 == 0) != !!cost;
    if (cost) torn += cost->sample != static_cast<int64_t>(i) || cost->cpu_ns != i || cost->bytes != i;
  };
  bool finished = false;
  while (!finished) {
    finished = log.finished();
    log.ring().Drain(visit);
  }
  producer.join();
  CHECK(torn == 0);
  CHECK(disordered == 0);
  CHECK(drained + log.ring().dropped() == kEvents);
  CHECK(drained > 0);
}

}  // namespace
}  // namespace stallpoint
