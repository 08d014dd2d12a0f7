// Checks a layout that a workload stated and places its tensors in one block of memory.
#ifndef STALLPOINT_HARNESS_ENGINE_TENSOR_LAYOUT_H_
#define STALLPOINT_HARNESS_ENGINE_TENSOR_LAYOUT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stallpoint/abi/workload.h"

namespace stallpoint {

// Bytes all tensors take, each at a multiple of 64; the sum of their own sizes is `payload`.
struct LayoutSize {
  uint64_t block = 0, payload = 0;
};

// InvalidArgument names the tensor and what was found and expected.
absl::StatusOr<LayoutSize> MeasureLayout(const sp_layout& layout);

// Bytes of an element of this SP_DTYPE; 0 when it is none.
uint64_t ElementBytes(int32_t dtype);

// Bytes of one tensor of a measured layout.
uint64_t TensorBytes(const sp_tensor& tensor);

// Points the tensors of a measured layout into `memory`.
void PlaceTensors(const sp_layout& layout, void* memory);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_TENSOR_LAYOUT_H_
