// Where in the run the calling thread is, so that what a plugin records there is named rightly.
#ifndef STALLPOINT_HARNESS_HOST_THREAD_PLACE_H_
#define STALLPOINT_HARNESS_HOST_THREAD_PLACE_H_

#include <array>
#include <cstdint>

#include "harness/record/thread_log.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

// Written by the engine, read by the host table, of one thread alone.
struct ThreadPlace {
  int64_t batch = -1, sample = -1;
  // What a stage that the plugin opens here is part of: SAMPLE, BATCH or STEP_PART.
  trace::StageKind stage_kind = trace::STAGE_KIND_SAMPLE;

  // Plain ranges that are open; deeper ones are counted but not recorded.
  static constexpr uint32_t kMostRanges = 64;
  uint32_t range_depth = 0;
  std::array<uint32_t, kMostRanges> range_names;
  std::array<uint64_t, kMostRanges> range_begins;
  // The part of the step that device_mark opened, 0: none.
  uint32_t step_part = 0;
  uint64_t step_part_begin = 0;

  static ThreadPlace& Current();

  // Enters a place. What a call of the plugin left open ends here.
  void Enter(int64_t new_batch, int64_t new_sample, trace::StageKind kind);
  // Records the part of the step that is open, if any.
  void EndStepPart(ThreadLog& log, uint64_t end_ticks);
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_THREAD_PLACE_H_
