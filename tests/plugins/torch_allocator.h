// LibTorch's own caching allocator (libc10_cuda.so) on a machine without a GPU, over a stand-in for CUDA's runtime.
//
// One at a time in a process, on one thread. Bytes.
#ifndef STALLPOINT_TESTS_PLUGINS_TORCH_ALLOCATOR_H_
#define STALLPOINT_TESTS_PLUGINS_TORCH_ALLOCATOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "replay/fit/allocation_stream.h"
#include "traces/run_record.h"

namespace stallpoint::testing {

// Answers to the same calls as TorchAllocator of replay/fit/device_allocators.h.
class RealTorchAllocator {
 public:
  // `limit_bytes` 0: as much as the device has.
  explicit RealTorchAllocator(uint64_t limit_bytes = 0);
  ~RealTorchAllocator();
  RealTorchAllocator(const RealTorchAllocator&) = delete;
  RealTorchAllocator& operator=(const RealTorchAllocator&) = delete;

  bool Allocate(uint32_t block, uint64_t bytes);
  void Free(uint32_t block);

  uint64_t in_use() const;
  uint64_t held() const;
  // Rows as a plugin's AllocationReport would have told them.
  const std::vector<AllocationRecord>& told() const { return told_; }
  void MarkStep(uint64_t step) { told_.push_back({step, 0, 0}); }

 private:
  std::unordered_map<uint32_t, void*> blocks_;
  std::vector<AllocationRecord> told_;
};

// Plays a stream; nothing: out of memory under the limit.
std::optional<AllocatorPeaks> PlayOnGpu(const AllocationStream& stream, uint64_t limit_bytes);
// A record of the same requests as if they had been made on a GPU.
RunRecord OnGpu(const RunRecord& run);

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_PLUGINS_TORCH_ALLOCATOR_H_
