// The loss that a step left in memory.
#ifndef STALLPOINT_HARNESS_ENGINE_DEVICE_LOSS_H_
#define STALLPOINT_HARNESS_ENGINE_DEVICE_LOSS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

namespace stallpoint {

inline constexpr size_t kLargestScalarBytes = 8;

// A scalar in the host's memory, of any alignment; nothing when `dtype` is no SP_DTYPE.
std::optional<double> ReadScalar(const void* memory, int32_t dtype);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_DEVICE_LOSS_H_
