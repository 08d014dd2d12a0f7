// When devices computed and copied, by their own records among the spans of a run.
//
// Memory is proportional to these records. One thread at a time.
#ifndef STALLPOINT_TRACES_DEVICE_WORK_COLLECTOR_H_
#define STALLPOINT_TRACES_DEVICE_WORK_COLLECTOR_H_

#include <cstdint>
#include <vector>

#include "traces/run_record.h"
#include "traces/time_span.h"
#include "traces/trace_visitor.h"

namespace stallpoint {

class DeviceWorkCollector {
 public:
  // Spans that are no record of a device are passed over: those that lie on no device's stream, or name no call that
  // launched them.
  void Add(const SpanEvent& span);
  // Sets what RunRecord and its iterations say of it. To be called once, when all iterations are known.
  void Finish(RunRecord* record);

 private:
  struct Computing {
    TimeSpan span;
    int64_t batch = -1;
  };
  std::vector<Computing> computing_;
  std::vector<TimeSpan> copying_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_DEVICE_WORK_COLLECTOR_H_
