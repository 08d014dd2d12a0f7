#include "harness/engine/tensor_layout.h"

#include "absl/strings/str_cat.h"
#include "harness/engine/batch.h"
#include "harness/host/memory_pool.h"

namespace stallpoint {
namespace {

constexpr uint64_t kLargestTensor = uint64_t{1} << 50;

}  // namespace

uint64_t ElementBytes(int32_t dtype) {
  switch (dtype) {
    case SP_DTYPE_U8:
      return 1;
    case SP_DTYPE_F16:
    case SP_DTYPE_BF16:
      return 2;
    case SP_DTYPE_I32:
    case SP_DTYPE_F32:
      return 4;
    case SP_DTYPE_I64:
      return 8;
    default:
      return 0;
  }
}

namespace {

const char* TypeName(int32_t dtype) {
  static constexpr const char* kNames[] = {"?", "u8", "i32", "i64", "f32", "f16", "bf16"};
  return dtype >= SP_DTYPE_U8 && dtype <= SP_DTYPE_BF16 ? kNames[dtype] : kNames[0];
}

sp_tensor& TensorOf(const sp_layout& layout, int32_t i) {
  return *reinterpret_cast<sp_tensor*>(reinterpret_cast<char*>(layout.tensors) +
                                       static_cast<uint64_t>(i) * layout.tensor_stride);
}

absl::StatusOr<uint64_t> CheckedBytes(const sp_tensor& tensor, int32_t i) {
  const uint64_t element = ElementBytes(tensor.dtype);
  if (element == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch_layout(): tensor ", i, " has the dtype ", tensor.dtype, ", expected one of SP_DTYPE_*"));
  }
  if (tensor.dims < 0 || tensor.dims > SP_MAX_DIMS) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch_layout(): tensor ", i, " has ", tensor.dims, " dimensions, expected 0 to ", SP_MAX_DIMS));
  }
  uint64_t bytes = element;
  for (int32_t d = 0; d < tensor.dims; ++d) {
    const int64_t extent = tensor.shape[d];
    if (extent < 0 || (extent > 0 && bytes > kLargestTensor / static_cast<uint64_t>(extent))) {
      return absl::InvalidArgumentError(absl::StrCat("batch_layout(): dimension ", d, " of tensor ", i, " is ", extent,
                                                     ", expected 0 or more, and less than 1 PiB in all"));
    }
    bytes *= static_cast<uint64_t>(extent);
  }
  return bytes;
}

uint64_t Aligned(uint64_t bytes) {
  return (bytes + MemoryPool::kAlignment - 1) / MemoryPool::kAlignment * MemoryPool::kAlignment;
}

}  // namespace

absl::StatusOr<LayoutSize> MeasureLayout(const sp_layout& layout) {
  if (layout.tensor_count < 1 || layout.tensor_count > SP_MAX_TENSORS) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch_layout(): found ", layout.tensor_count, " tensors, expected 1 to ", SP_MAX_TENSORS));
  }
  LayoutSize size;
  for (int32_t i = 0; i < layout.tensor_count; ++i) {
    const auto bytes = CheckedBytes(TensorOf(layout, i), i);
    if (!bytes.ok()) return bytes.status();
    size.payload += *bytes;
    size.block += Aligned(*bytes);
  }
  return size;
}

uint64_t TensorBytes(const sp_tensor& tensor) { return CheckedBytes(tensor, 0).value_or(0); }

void PlaceTensors(const sp_layout& layout, void* memory) {
  char* at = static_cast<char*>(memory);
  for (int32_t i = 0; i < layout.tensor_count; ++i) {
    sp_tensor& tensor = TensorOf(layout, i);
    tensor.data = at;
    at += Aligned(TensorBytes(tensor));
  }
}

std::string DescribeShape(const sp_batch& batch) {
  std::string text;
  for (int32_t i = 0; i < batch.tensor_count; ++i) {
    const sp_tensor& tensor = batch.tensors[i];
    absl::StrAppend(&text, i == 0 ? "" : " ", TypeName(tensor.dtype), "[");
    for (int32_t d = 0; d < tensor.dims; ++d) absl::StrAppend(&text, d == 0 ? "" : ",", tensor.shape[d]);
    absl::StrAppend(&text, "]");
  }
  return text;
}

}  // namespace stallpoint
