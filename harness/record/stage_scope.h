// A stage of the calling thread with what it used: CPU time, run-queue wait, bytes.
//
// Reading what a thread has used costs about 1.5 microseconds, so a reading that was made less than 2 microseconds ago
// by the end of another stage of this thread serves again: N stages in a row cost N + 1 readings. While the thread is
// not recorded a stage costs one branch. One thread begins and ends a stage.
#ifndef STALLPOINT_HARNESS_RECORD_STAGE_SCOPE_H_
#define STALLPOINT_HARNESS_RECORD_STAGE_SCOPE_H_

#include <cstdint>

#include "harness/record/thread_log.h"

namespace stallpoint {

// Begins where it is made and ends with End, or with its scope. Stages may nest.
class StageScope {
 public:
  // Batch and sample are those of the thread's context when the stage ends.
  explicit StageScope(uint32_t name_id) : log_(ThreadLog::Current()) {
    if (log_) Begin(name_id);
  }
  // The same of a given batch, whatever the context; no sample.
  StageScope(uint32_t name_id, int64_t batch) : StageScope(name_id) {
    batch_ = batch;
    own_batch_ = true;
  }
  ~StageScope() { End(); }
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

  // `bytes`: what the stage read from storage or moved. A second End does nothing.
  void End(uint64_t bytes = 0) {
    if (log_) Finish(bytes);
  }
  // Leaves no span.
  void Cancel();
  // For a batch that becomes known while the stage runs.
  void set_batch(int64_t batch) {
    batch_ = batch;
    own_batch_ = true;
  }

 private:
  void Begin(uint32_t name_id);
  void Finish(uint64_t bytes);

  ThreadLog* log_;
  uint32_t name_id_ = 0;
  bool own_batch_ = false, has_range_ = false;
  int64_t batch_ = -1;
  uint64_t begin_ticks_ = 0, begin_reading_ = 0;
  ThreadUsage begin_usage_;
};

// The same for callers that cannot hold a scope: one stage at a time per thread, as the plugin's host table offers it.
// Beginning while one is open ends that one first; ending when none is open does nothing.
void BeginStage(uint32_t name_id);
void EndStage(uint64_t bytes);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_STAGE_SCOPE_H_
