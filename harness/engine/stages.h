// The names under which the engine records, and the one place that knows them.
#ifndef STALLPOINT_HARNESS_ENGINE_STAGES_H_
#define STALLPOINT_HARNESS_ENGINE_STAGES_H_

#include <cstdint>

namespace stallpoint {

class Recorder;

// Ids in the trace; all 0 when nothing is recorded.
struct Stages {
  explicit Stages(Recorder* recorder);

  uint32_t wait_batch = 0, receive = 0, launch = 0, wait_device = 0;  // main
  uint32_t load = 0, collate = 0;                                     // workers, or main without workers
  uint32_t step = 0;                                                  // the device's stream
  uint32_t copy = 0, pin = 0;                                         // to a device with memory of its own
  uint32_t queue_depth = 0, device_memory = 0;                        // series
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_STAGES_H_
