// A span of a device or of a call to it, learned after it had ended, and tied to what launched it.
#ifndef STALLPOINT_HARNESS_RECORD_LINKED_SPAN_H_
#define STALLPOINT_HARNESS_RECORD_LINKED_SPAN_H_

#include <cstddef>
#include <cstdint>

namespace stallpoint {

struct LinkedSpan {
  uint32_t track_id = 0;  // of Recorder::AddStream
  uint32_t name_id = 0;
  uint64_t begin_ticks = 0, end_ticks = 0;
  int64_t batch = -1;        // -1: none
  uint64_t correlation = 0;  // the same for a call and what it launched; 0: none
  uint64_t bytes = 0;
};

// How many wait in a recorder between two flushes.
inline constexpr size_t kMostLinkedSpans = 65'536;

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_LINKED_SPAN_H_
