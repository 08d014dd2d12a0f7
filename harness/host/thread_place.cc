#include "harness/host/thread_place.h"

#include "harness/record/stage_scope.h"

namespace stallpoint {

ThreadPlace& ThreadPlace::Current() {
  thread_local ThreadPlace place;
  return place;
}

void ThreadPlace::Enter(int64_t new_batch, int64_t new_sample, trace::StageKind kind) {
  ThreadLog* log = ThreadLog::Current();
  if (log != nullptr) EndStage(0);
  batch = new_batch;
  sample = new_sample;
  if (log == nullptr) return;
  stage_kind = kind;
  range_depth = 0;
  step_part = 0;
  log->SetContext(batch, sample);
}

void ThreadPlace::EndStepPart(ThreadLog& log, uint64_t end_ticks) {
  if (step_part != 0) log.Span(step_part, step_part_begin, end_ticks, batch);
  step_part = 0;
}

}  // namespace stallpoint
