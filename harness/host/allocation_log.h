// The allocations of the device in the first steps of a run, on their way to the trace.
//
// From the beginning of the run to the end of the step kSteps - 1: a network allocates its parameters, then the first
// step what it keeps, and later ones repeat themselves. Any thread; rows are in the order of the calls.
#ifndef STALLPOINT_HARNESS_HOST_ALLOCATION_LOG_H_
#define STALLPOINT_HARNESS_HOST_ALLOCATION_LOG_H_

#include <atomic>
#include <cstdint>

namespace stallpoint {

class Recorder;

class AllocationLog {
 public:
  static constexpr int64_t kSteps = 4;
  // A step of more allocations than this is not recorded to its end.
  static constexpr int64_t kMostRows = 1 << 20;

  // `recorder` is null when nothing is recorded, and outlives the object.
  explicit AllocationLog(Recorder* recorder);

  bool open() const { return open_.load(std::memory_order_relaxed); }
  // The next step begins. [step]
  void BeginStep();
  // As a row of the trace's MemoryBlock; `allocator` is an id of the recorder.
  void Add(uint32_t allocator, const void* address, int64_t bytes, uint64_t held_bytes);
  // The harness's own allocator.
  void Add(const void* address, int64_t bytes, uint64_t held_bytes) { Add(own_, address, bytes, held_bytes); }

 private:
  Recorder* const recorder_;
  const uint32_t own_;
  std::atomic<bool> open_;
  std::atomic<int64_t> rows_{0};
  int64_t steps_ = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_ALLOCATION_LOG_H_
