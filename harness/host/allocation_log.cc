#include "harness/host/allocation_log.h"

#include "harness/record/recorder.h"

namespace stallpoint {

AllocationLog::AllocationLog(Recorder* recorder)
    : recorder_(recorder), own_(recorder != nullptr ? recorder->Intern("stallpoint") : 0), open_(recorder != nullptr) {}

void AllocationLog::BeginStep() {
  if (!open()) return;
  recorder_->Allocation(own_, static_cast<uint64_t>(steps_), 0, 0);
  if (steps_++ == kSteps) open_ = false;
}

void AllocationLog::Add(uint32_t allocator, const void* address, int64_t bytes, uint64_t held_bytes) {
  if (!open() || bytes == 0) return;
  if (rows_.fetch_add(1, std::memory_order_relaxed) >= kMostRows) {
    open_ = false;
    return;
  }
  recorder_->Allocation(allocator, reinterpret_cast<uintptr_t>(address), bytes, held_bytes);
}

}  // namespace stallpoint
