// When the host was issuing which step: what ties a CUDA call, and through its correlation id a kernel, to a step.
//
// By time rather than by pushing an id around the step (cuptiActivityPushExternalCorrelationId): an id holds for the
// thread that pushed it, and a framework launches its backward pass from a thread of its own while the step's thread
// waits for it. It also costs the step two clock readings instead of a record per call. One step is issued at a time.
#ifndef STALLPOINT_HARNESS_CUPTI_ISSUE_TIMES_H_
#define STALLPOINT_HARNESS_CUPTI_ISSUE_TIMES_H_

#include <cstdint>
#include <deque>
#include <mutex>

namespace stallpoint {

class IssueTimes {
 public:
  // [step] A step begins to be issued, and the one before is issued.
  void Begin(int64_t batch, int64_t now_ns);
  void End(int64_t now_ns);

  // [any] The step that was being issued then; -1: none, or so long ago that it was forgotten (65,536 steps).
  int64_t BatchAt(int64_t time_ns) const;

 private:
  struct Interval {
    int64_t batch, begin_ns, end_ns;
  };

  mutable std::mutex mutex_;
  std::deque<Interval> intervals_;  // disjoint, in order
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUPTI_ISSUE_TIMES_H_
