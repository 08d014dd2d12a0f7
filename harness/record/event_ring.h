// A ring of recorded events between one thread that records and one that drains: no lock, no allocation, no waiting.
//
// Slots are 32 bytes; an event takes one or two. [producer] functions are called by one thread at a time, [consumer]
// functions by one other; handing either end to another thread needs a happens-before of the caller's making. A full
// ring refuses the event and counts it; one that becomes half full wakes the consumer. Positions only grow; each side
// keeps its index on a cache line of its own.
#ifndef STALLPOINT_HARNESS_RECORD_EVENT_RING_H_
#define STALLPOINT_HARNESS_RECORD_EVENT_RING_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "harness/record/wake_up.h"

namespace stallpoint {

enum class EventKind : uint8_t { kSpan, kCostSpan, kCounter };

struct alignas(32) EventSlot {
  EventKind kind;
  // Of a cost span, in units of kStorageUnit, rounded up; the largest value stands for all above it.
  uint32_t storage_units : 24;
  uint32_t id;  // name or series
  union {
    struct {
      uint64_t begin_ticks, end_ticks;
      int64_t batch;
    } span;
    struct {
      uint64_t ticks;
      double value;
    } counter;
  };
};

// The second slot of a cost span.
struct alignas(32) CostSlot {
  int64_t sample;
  uint64_t cpu_ns, run_queue_ns, bytes;
};
static_assert(sizeof(EventSlot) == 32 && sizeof(CostSlot) == 32);

// Storage is read in whole pages, of 4 KiB at least.
inline constexpr uint64_t kStorageUnit = 4096;
inline constexpr uint64_t kMostStorageUnits = (uint64_t{1} << 24) - 1;

class EventRing {
 public:
  // `slots` is a power of two, or 0 for a ring that drops everything. `half_full`, which may be null, is posted once
  // each time that half of it is in use. All slots are touched here: no event meets a page fault, and what a process
  // holds is seen in its first second, not only after a minute, once the ring has gone round.
  explicit EventRing(uint32_t slots, std::shared_ptr<WakeUp> half_full = nullptr)
      : slots_(slots ? std::make_unique<Slot[]>(slots) : nullptr),
        capacity_(slots),
        mask_(slots - 1),
        half_full_(std::move(half_full)) {}

  // [producer] Room for `count` slots from `head()` on, or false, counted as a drop.
  bool Reserve(uint32_t count) {
    const uint64_t head = published_.load(std::memory_order_relaxed);
    if (head + count - consumed_seen_ <= capacity_ / 2) [[likely]]
      return true;
    consumed_seen_ = consumed_.load(std::memory_order_acquire);
    const uint64_t used = head + count - consumed_seen_;
    const bool is_half_full = used > capacity_ / 2;
    if (is_half_full && !was_half_full_ && half_full_ != nullptr) half_full_->Post();
    was_half_full_ = is_half_full;
    if (used <= capacity_) return true;
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  EventSlot& event(uint32_t offset) {
    return slots_[(published_.load(std::memory_order_relaxed) + offset) & mask_].event;
  }
  CostSlot& cost(uint32_t offset) { return slots_[(published_.load(std::memory_order_relaxed) + offset) & mask_].cost; }
  void Publish(uint32_t count) {
    published_.store(published_.load(std::memory_order_relaxed) + count, std::memory_order_release);
  }

  // [consumer] Calls visit(event, cost) for everything published before the call; `cost` is null but for cost spans. A
  // slot is free for the producer as soon as it was visited. Returns the number of slots that were in use.
  template <typename Visit>
  uint64_t Drain(Visit&& visit) {
    const uint64_t first = consumed_.load(std::memory_order_relaxed);
    const uint64_t end = published_.load(std::memory_order_acquire);
    for (uint64_t at = first; at != end;) {
      const EventSlot event = slots_[at & mask_].event;
      if (event.kind == EventKind::kCostSpan) {
        const CostSlot cost = slots_[(at + 1) & mask_].cost;
        consumed_.store(at += 2, std::memory_order_release);
        visit(event, &cost);
      } else {
        consumed_.store(++at, std::memory_order_release);
        visit(event, nullptr);
      }
    }
    return end - first;
  }

  // [any] Events refused so far.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  uint32_t capacity() const { return capacity_; }

 private:
  union Slot {
    EventSlot event;
    CostSlot cost;
  };

  const std::unique_ptr<Slot[]> slots_;
  const uint32_t capacity_;
  const uint32_t mask_;
  const std::shared_ptr<WakeUp> half_full_;
  alignas(64) std::atomic<uint64_t> published_{0};
  uint64_t consumed_seen_ = 0;  // the producer's last look at consumed_
  bool was_half_full_ = false;
  std::atomic<uint64_t> dropped_{0};
  alignas(64) std::atomic<uint64_t> consumed_{0};
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_EVENT_RING_H_
