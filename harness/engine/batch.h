// One batch on its way: planned by main, loaded by a worker, received by main, consumed by the device, used again.
//
// Owned by the loader. Handed from thread to thread; whoever holds the pointer may touch it.
#ifndef STALLPOINT_HARNESS_ENGINE_BATCH_H_
#define STALLPOINT_HARNESS_ENGINE_BATCH_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "harness/engine/sampler.h"
#include "harness/host/memory_pool.h"
#include "stallpoint/abi/workload.h"

namespace stallpoint {

struct Batch {
  int64_t index = 0;   // of the request, from 0 over the whole run
  int32_t worker = 0;  // whose it is
  BatchPlan plan;

  // What loading made of it.
  absl::Status status;
  int64_t samples = 0;  // fewer than planned when bad ones were skipped
  uint64_t bytes = 0;   // collated
  uint64_t elements = 0;
  MemoryPool::Block memory;
  uint64_t arena_bytes = 0;  // that its samples took
  std::array<sp_tensor, SP_MAX_TENSORS> tensors;
  sp_batch view;  // of the memory, as the workload sees it
};

// "f32[32,3,224,224] i64[32]".
std::string DescribeShape(const sp_batch& batch);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_BATCH_H_
