// One track's ring of events: written by its thread alone, drained by the recorder's thread alone.
//
// Recording functions take no lock and no allocation and never wait; a full ring drops the event and counts it. While
// no recorder is active `Current()` is null, and recording costs that one branch. A thread that still holds its log
// after its recorder finished may go on calling: the events belong to no trace.
#ifndef STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_
#define STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "harness/record/clock.h"
#include "harness/record/event_ring.h"
#include "harness/record/thread_usage.h"

namespace stallpoint {

class ThreadLog {
 public:
  // The calling thread's log, or null when it is not recorded.
  static ThreadLog* Current() { return current_; }

  // A span that has ended. `batch` and `sample` are -1 when there is none.
  void Span(uint32_t name_id, uint64_t begin_ticks, uint64_t end_ticks, int64_t batch = -1) {
    if (!ring_.Reserve(1)) return;
    FillSpan(EventKind::kSpan, name_id, begin_ticks, end_ticks, batch);
    ring_.Publish(1);
  }
  // The same with what it used.
  void CostSpan(uint32_t name_id, uint64_t begin_ticks, uint64_t end_ticks, int64_t batch, int64_t sample,
                const ThreadUsage& used, uint64_t bytes) {
    if (!ring_.Reserve(2)) return;
    FillSpan(EventKind::kCostSpan, name_id, begin_ticks, end_ticks, batch);
    if (used.storage_bytes > 0) [[unlikely]] {
      const uint64_t units = (used.storage_bytes - 1) / kStorageUnit + 1;
      ring_.event(0).storage_units = static_cast<uint32_t>(std::min(units, kMostStorageUnits));
    }
    ring_.cost(1) = {sample, used.cpu_ns, used.run_queue_ns, bytes};
    ring_.Publish(2);
  }
  // A counter value, now.
  void Counter(uint32_t series_id, double value) {
    if (!ring_.Reserve(1)) return;
    EventSlot& slot = ring_.event(0);
    slot.kind = EventKind::kCounter;
    slot.id = series_id;
    slot.counter = {Ticks(), value};
    ring_.Publish(1);
  }
  // Progress of this thread, for the watchdog and the trace: a count that only grows.
  void Heartbeat() {
    heartbeat_ticks_.store(Ticks(), std::memory_order_relaxed);
    heartbeats_.store(heartbeats_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // The batch and sample that stages of this thread belong to, -1 for none.
  void SetContext(int64_t batch, int64_t sample) {
    batch_ = batch;
    sample_ = sample;
  }
  int64_t batch() const { return batch_; }
  int64_t sample() const { return sample_; }

  uint32_t track_id() const { return track_id_; }
  // [any]
  uint64_t heartbeats() const { return heartbeats_.load(std::memory_order_relaxed); }
  uint64_t last_heartbeat_ticks() const { return heartbeat_ticks_.load(std::memory_order_relaxed); }

  // For the recorder.
  ThreadLog(uint32_t track_id, uint32_t ring_slots, std::shared_ptr<WakeUp> half_full = nullptr)
      : track_id_(track_id), ring_(ring_slots, std::move(half_full)), heartbeat_ticks_(Ticks()) {}
  EventRing& ring() { return ring_; }
  static void SetCurrent(ThreadLog* log) { current_ = log; }
  // Nothing more will be recorded: once drained, the log may go.
  void MarkFinished() { finished_.store(true, std::memory_order_release); }
  bool finished() const { return finished_.load(std::memory_order_acquire); }

 private:
  void FillSpan(EventKind kind, uint32_t name_id, uint64_t begin_ticks, uint64_t end_ticks, int64_t batch) {
    EventSlot& slot = ring_.event(0);
    slot.kind = kind;
    slot.storage_units = 0;
    slot.id = name_id;
    slot.span = {begin_ticks, end_ticks, batch};
  }

  // Initial-exec: one instruction instead of a call, also in a shared library that is there from the start.
  static inline constinit thread_local ThreadLog* current_ __attribute__((tls_model("initial-exec"))) = nullptr;

  const uint32_t track_id_;
  int64_t batch_ = -1, sample_ = -1;
  EventRing ring_;
  std::atomic<uint64_t> heartbeats_{0}, heartbeat_ticks_;
  std::atomic<bool> finished_{false};
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_
