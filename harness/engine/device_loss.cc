#include "harness/engine/device_loss.h"

#include <bit>
#include <cstring>

#include "stallpoint/abi/workload.h"

namespace stallpoint {
namespace {

float HalfToFloat(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t fraction = half & 0x3ffU;
  if (exponent == 0)
    return std::bit_cast<float>(sign) + (sign != 0 ? -1.0F : 1.0F) * static_cast<float>(fraction) * 0x1p-24F;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

template <typename T>
T LoadAs(const void* memory) {
  T value;
  memcpy(&value, memory, sizeof(value));
  return value;
}

}  // namespace

std::optional<double> ReadScalar(const void* memory, int32_t dtype) {
  switch (dtype) {
    case SP_DTYPE_F32:
      return LoadAs<float>(memory);
    case SP_DTYPE_F16:
      return HalfToFloat(LoadAs<uint16_t>(memory));
    case SP_DTYPE_BF16:
      return std::bit_cast<float>(uint32_t{LoadAs<uint16_t>(memory)} << 16);
    case SP_DTYPE_I32:
      return LoadAs<int32_t>(memory);
    case SP_DTYPE_I64:
      return static_cast<double>(LoadAs<int64_t>(memory));
    case SP_DTYPE_U8:
      return LoadAs<uint8_t>(memory);
    default:
      return std::nullopt;
  }
}

}  // namespace stallpoint
