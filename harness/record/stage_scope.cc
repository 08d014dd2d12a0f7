#include "harness/record/stage_scope.h"

#include <optional>

#include "harness/record/nvtx.h"

namespace stallpoint {
namespace {

constexpr int64_t kReuseNs = 2000;

// The thread's last reading at the end of a stage.
struct LastReading {
  ThreadUsage usage;
  uint64_t taken_ticks = 0;
  uint64_t count = 0;  // readings so far
};
thread_local LastReading last;
thread_local std::optional<StageScope> open_stage;

bool IsFresh(uint64_t now_ticks) {
  static const int64_t reuse_ticks = TicksOfNs(kReuseNs);
  return static_cast<int64_t>(now_ticks - last.taken_ticks) < reuse_ticks;
}

}  // namespace

void StageScope::Begin(uint32_t name_id) {
  name_id_ = name_id;
  has_range_ = nvtx::Push(name_id);
  begin_usage_ = IsFresh(Ticks()) ? last.usage : ReadThreadUsage();
  begin_reading_ = last.count;
  begin_ticks_ = Ticks();
}

void StageScope::Finish(uint64_t bytes) {
  if (log_ != ThreadLog::Current()) return Cancel();  // the track has ended within the stage
  const uint64_t end_ticks = Ticks();
  // Only a reading made within this stage, at the end of an inner one, can stand for its end.
  if (last.count == begin_reading_ || !IsFresh(end_ticks)) {
    last.usage = ReadThreadUsage();
    last.taken_ticks = Ticks();
    ++last.count;
  }
  log_->CostSpan(name_id_, begin_ticks_, end_ticks, own_batch_ ? batch_ : log_->batch(),
                 own_batch_ ? -1 : log_->sample(), last.usage - begin_usage_, bytes);
  Cancel();
}

void StageScope::Cancel() {
  if (has_range_) nvtx::Pop();
  has_range_ = false;
  log_ = nullptr;
}

void BeginStage(uint32_t name_id) {
  if (!ThreadLog::Current()) return;
  open_stage.emplace(name_id);
}

void EndStage(uint64_t bytes) {
  if (!ThreadLog::Current() || !open_stage) return;
  open_stage->End(bytes);
  open_stage.reset();
}

}  // namespace stallpoint
