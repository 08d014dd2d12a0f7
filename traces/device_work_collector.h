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
  //
  // Where only the first steps were recorded (device_work_steps), a later one computed as long as its work lay on the
  // device, if that was all issued before the device began with it, for then nothing kept the device waiting; else as
  // long as those that were recorded do in the median, and no longer than its work lay there.
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
