#include "harness/engine/stages.h"

#include "harness/record/recorder.h"

namespace stallpoint {

Stages::Stages(Recorder* recorder) {
  if (recorder == nullptr) return;
  wait_batch = recorder->Stage("wait_batch", trace::STAGE_KIND_DATA_WAIT);
  receive = recorder->Stage("receive", trace::STAGE_KIND_RECEIVE);
  launch = recorder->Stage("launch", trace::STAGE_KIND_LAUNCH);
  wait_device = recorder->Stage("wait_device", trace::STAGE_KIND_SYNC);
  load = recorder->Stage("load", trace::STAGE_KIND_LOAD);
  collate = recorder->Stage("collate", trace::STAGE_KIND_BATCH);
  step = recorder->Stage("step", trace::STAGE_KIND_STEP);
  copy = recorder->Stage("copy", trace::STAGE_KIND_COPY);
  copy_call = recorder->Stage("copy_call", trace::STAGE_KIND_COPY_CALL);
  pin = recorder->Stage("pin", trace::STAGE_KIND_PIN);
  queue_depth = recorder->Series("queue_depth", "1");
  buffer_memory = recorder->Series("buffer_memory", "bytes");
  arena_memory = recorder->Series("arena_memory", "bytes");
  device_memory = recorder->Series("device_memory", "bytes");
  device_memory_kept = recorder->Series("device_memory_kept", "bytes");
  device_memory_reserved = recorder->Series("device_memory_reserved", "bytes");
}

}  // namespace stallpoint
