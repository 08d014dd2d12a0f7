// Stretches of time, and lists of them. Pure functions; any thread.
#ifndef STALLPOINT_TRACES_TIME_SPAN_H_
#define STALLPOINT_TRACES_TIME_SPAN_H_

#include <cstdint>
#include <vector>

namespace stallpoint {

// [begin_ns, end_ns)
struct TimeSpan {
  int64_t begin_ns = 0, end_ns = 0;

  bool operator==(const TimeSpan&) const = default;
};

// Disjoint and in order; what lies no more than `gap_ns` apart becomes one. Empty spans are left out.
std::vector<TimeSpan> MergeSpans(std::vector<TimeSpan> spans, int64_t gap_ns = 0);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TIME_SPAN_H_
