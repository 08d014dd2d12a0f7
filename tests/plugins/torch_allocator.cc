#include "tests/plugins/torch_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "stallpoint/torch_allocations.h"

namespace stallpoint::testing {
namespace {

namespace cuda = c10::cuda::CUDACachingAllocator;

constexpr double kDeviceBytes = 64.0 * (1 << 30);

// A host that wants to know of allocations, as a plugin meets it.
class Host {
 public:
  explicit Host(std::vector<AllocationRecord>* told) : told_(told) {
    table_.self = allocations_.self = this;
    table_.intern = [](void*, const char*) -> uint32_t { return 1; };
    table_.get_extension = [](void* self, const char*) -> const void* {
      return &static_cast<Host*>(self)->allocations_;
    };
    allocations_.changed = [](void* self, uint32_t, const void* address, int64_t bytes, uint64_t held_bytes) {
      static_cast<Host*>(self)->told_->push_back({reinterpret_cast<uintptr_t>(address), bytes, held_bytes});
    };
  }
  plugin::AllocationReport Report() const { return {plugin::Host(&table_), c10::Device(c10::kCUDA, 0)}; }

 private:
  std::vector<AllocationRecord>* const told_;
  sp_host table_ = {};
  sp_device_allocations allocations_ = {};
};

}  // namespace

RealTorchAllocator::RealTorchAllocator(uint64_t limit_bytes) {
  static const bool initialized = (cuda::init(1), true);
  if (!initialized || held() != 0) throw std::logic_error("LibTorch's allocator is in use");
  cuda::setMemoryFraction(limit_bytes > 0 ? static_cast<double>(limit_bytes) / kDeviceBytes : 1.0, 0);
}

RealTorchAllocator::~RealTorchAllocator() {
  for (const auto& [block, memory] : blocks_) cuda::raw_delete(memory);
  cuda::emptyCache();
}

bool RealTorchAllocator::Allocate(uint32_t block, uint64_t bytes) {
  const Host host(&told_);
  const plugin::AllocationReport report = host.Report();
  const plugin::AllocationReport::Scope scope(report);
  try {
    blocks_[block] = cuda::raw_alloc(bytes);
    return true;
  } catch (const c10::OutOfMemoryError&) {
    blocks_.erase(block);
    return false;
  }
}

void RealTorchAllocator::Free(uint32_t block) {
  const Host host(&told_);
  const plugin::AllocationReport report = host.Report();
  const plugin::AllocationReport::Scope scope(report);
  cuda::raw_delete(blocks_.at(block));
  blocks_.erase(block);
}

uint64_t RealTorchAllocator::in_use() const {
  return static_cast<uint64_t>(cuda::getDeviceStats(0).allocated_bytes[0].current);
}

uint64_t RealTorchAllocator::held() const {
  return static_cast<uint64_t>(cuda::getDeviceStats(0).reserved_bytes[0].current);
}

std::optional<AllocatorPeaks> PlayOnGpu(const AllocationStream& stream, uint64_t limit_bytes) {
  return Play(RealTorchAllocator(limit_bytes), stream,
              [&](uint32_t block) { return static_cast<uint64_t>(stream.bytes[block]); });
}

RunRecord OnGpu(const RunRecord& run) {
  const std::optional<AllocationStream> stream = StreamOf(run);
  if (!stream) throw std::invalid_argument("no allocations were recorded");
  RealTorchAllocator allocator;
  size_t step = 0;
  for (size_t i = 0; i <= stream->ops.size(); ++i) {
    while (step < stream->step_begins.size() && stream->step_begins[step] == i) allocator.MarkStep(step++);
    if (i == stream->ops.size()) break;
    const AllocationStream::Op op = stream->ops[i];
    if (op.frees) {
      allocator.Free(op.block);
    } else if (!allocator.Allocate(op.block, static_cast<uint64_t>(stream->bytes[op.block]))) {
      throw std::runtime_error("the device has no more memory");
    }
  }
  allocator.MarkStep(step);
  RunRecord on_gpu = run;
  on_gpu.allocator = "torch";
  on_gpu.allocations = allocator.told();
  return on_gpu;
}

}  // namespace stallpoint::testing
