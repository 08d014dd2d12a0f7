// A span as exporters draw it, and who draws it.
#ifndef STALLPOINT_TRACES_EXPORT_SLICE_H_
#define STALLPOINT_TRACES_EXPORT_SLICE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "traces/proto/trace.pb.h"
#include "traces/timeline.h"

namespace stallpoint {

struct Slice {
  int64_t begin_ns = 0, end_ns = 0;  // since the beginning of the run
  const std::string* name =
      nullptr;  // valid UTF-8; the same pointer for the same name, for as long as the export goes on
  trace::StageKind kind = trace::STAGE_KIND_UNSPECIFIED;
  std::optional<Owner> stall;  // what the device waited for, when this is a stall
  int64_t batch = -1, sample = -1;
};

// A row of a timeline.
struct Row {
  enum class Kind { kThread, kStream, kSummary };

  uint32_t id = 0;  // 1, 2, ... in the order of AddRow
  Kind kind = Kind::kSummary;
  std::string name;  // valid UTF-8
  uint32_t os_thread_id = 0;
};

// A file format that holds a timeline. Begin and End nest strictly within a row and come in the order of time there;
// other calls come in any order. Times are nanoseconds since the beginning of the run.
class TimelineSink {
 public:
  virtual ~TimelineSink() = default;

  virtual void AddRow(const Row& row) = 0;
  virtual void Begin(uint32_t row, const Slice& slice) = 0;
  virtual void End(uint32_t row, const Slice& slice) = 0;
  virtual void Instant(uint32_t row, const std::string& text, int64_t time_ns) = 0;
  // `counter` is 1, 2, ...; AddCounter comes before its first value.
  virtual void AddCounter(uint32_t counter, const std::string& name, const std::string& unit) = 0;
  virtual void Count(uint32_t counter, int64_t time_ns, double value) = 0;
  // After everything else; `end_ns` is the end of the run.
  virtual void Finish(int64_t end_ns) = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_SLICE_H_
