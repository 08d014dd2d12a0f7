#include "traces/time_span.h"

#include <algorithm>
#include <cstddef>

namespace stallpoint {

std::vector<TimeSpan> MergeSpans(std::vector<TimeSpan> spans, int64_t gap_ns) {
  const auto by_begin = [](const TimeSpan& a, const TimeSpan& b) { return a.begin_ns < b.begin_ns; };
  if (!std::is_sorted(spans.begin(), spans.end(), by_begin)) std::sort(spans.begin(), spans.end(), by_begin);
  size_t kept = 0;
  for (const TimeSpan& span : spans) {
    if (span.end_ns <= span.begin_ns) continue;
    if (kept > 0 && span.begin_ns - gap_ns <= spans[kept - 1].end_ns) {
      spans[kept - 1].end_ns = std::max(spans[kept - 1].end_ns, span.end_ns);
    } else {
      spans[kept++] = span;
    }
  }
  spans.resize(kept);
  return spans;
}

}  // namespace stallpoint
