// One track's ring of events: written by its thread alone, drained by the recorder's thread alone.
//
// Recording functions take no lock and no allocation and never wait; a full ring drops the event and counts it. While no
// recorder is active `Current()` is null, and recording costs that one branch.
#ifndef STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_
#define STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_

#include <cstdint>

#include "harness/record/clock.h"

namespace stallpoint {

// What a thread had used when it was asked.
struct ThreadUsage {
  uint64_t cpu_ns = 0;        // CLOCK_THREAD_CPUTIME_ID
  uint64_t run_queue_ns = 0;  // second field of schedstat
};

// Of the calling thread. About 1.5 microseconds.
ThreadUsage ReadThreadUsage();

class ThreadLog {
 public:
  // The calling thread's log, or null when it is not recorded.
  static ThreadLog* Current();

  // A span that has ended. `batch` and `sample` are -1 when there is none.
  void Span(uint32_t name_id, uint64_t begin_ticks, uint64_t end_ticks, int64_t batch = -1);
  // The same with what it used.
  void CostSpan(uint32_t name_id, uint64_t begin_ticks, uint64_t end_ticks, int64_t batch, int64_t sample,
                const ThreadUsage& used, uint64_t bytes);
  // A counter value, now.
  void Counter(uint32_t series_id, double value);
  // Progress of this thread, for the watchdog and the trace: a count that only grows.
  void Heartbeat();

  // The batch and sample that stages of this thread belong to, -1 for none.
  void SetContext(int64_t batch, int64_t sample);
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_THREAD_LOG_H_
