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
  uint32_t copy = 0, copy_call = 0, pin = 0;                          // to a device with memory of its own
  uint32_t queue_depth = 0;                                           // series
  uint32_t buffer_memory = 0;  // series: batches and arenas, in use and kept for reuse
  uint32_t arena_memory = 0;   // series: a worker's part of it for the samples of one batch
  uint32_t device_memory = 0, device_memory_kept = 0, device_memory_reserved = 0;  // series, see DeviceMemory::Reading
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_STAGES_H_
