#ifndef STALLPOINT_REPLAY_SIMULATE_RUN_QUEUE_H_
#define STALLPOINT_REPLAY_SIMULATE_RUN_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "replay/simulate/due_keys.h"

namespace stallpoint {

// The threads of one core, and which of them is done first. In no order: a core seldom has more than a few, and to look
// at all of them, four at a time and without a branch, is faster than to keep them in one; at thirty it is as fast
// (replay/measured.md).
class RunQueue {
 public:
  // Threads are numbered 0 ... threads-1.
  explicit RunQueue(int32_t threads)
      : keys_(threads + 1),  // kNone is of none of them
        queue_(static_cast<size_t>(threads) + kAtATime, DueKeys::kNone),
        place_(keys_.places()),
        due_(keys_.places(), std::numeric_limits<double>::infinity()) {}

  int32_t count() const { return static_cast<int32_t>(count_); }
  // Done first. REQUIRES: there are threads.
  int32_t next() const { return keys_.JobOf(first_); }
  // When that is done; infinity where there are none.
  double due() const { return due_[next()]; }
  // The thread at a place, 0 ... count-1.
  int32_t at(int32_t place) const { return keys_.JobOf(queue_[place]); }
  // Of a thread in it.
  double due(int32_t thread) const { return due_[thread]; }

  void Add(int32_t thread, double due) {
    const uint64_t key = keys_.Of(due, thread);
    due_[thread] = due;
    place_[thread] = count_;
    queue_[count_++] = key;
    first_ = DueKeys::First(first_, key);
  }
  // REQUIRES: it is in it.
  void Remove(int32_t thread) {
    const uint64_t last = queue_[--count_];
    const size_t place = place_[thread];
    place_[keys_.JobOf(last)] = place;
    queue_[place] = last;
    queue_[count_] = DueKeys::kNone;
    first_ = First();
  }

 private:
  static constexpr size_t kAtATime = 4;

  uint64_t First() const {
    uint64_t a = queue_[0], b = queue_[1], c = queue_[2], d = queue_[3];
    for (size_t i = kAtATime; i < count_; i += kAtATime) {
      a = DueKeys::First(a, queue_[i]);
      b = DueKeys::First(b, queue_[i + 1]);
      c = DueKeys::First(c, queue_[i + 2]);
      d = DueKeys::First(d, queue_[i + 3]);
    }
    return DueKeys::First(DueKeys::First(a, b), DueKeys::First(c, d));
  }

  DueKeys keys_;
  std::vector<uint64_t> queue_;  // keys, and kNone behind them
  std::vector<size_t> place_;    // of a thread in `queue_`
  std::vector<double> due_;      // of a thread
  size_t count_ = 0;
  uint64_t first_ = DueKeys::kNone;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SIMULATE_RUN_QUEUE_H_
