// A libcudart.so for LibTorch's caching allocator, which never looks into the memory that it hands out: a device of
// 64 GiB whose memory is addresses, one after the other. What it does not need fails.
#include <cuda_runtime_api.h>

#include <map>
#include <mutex>

namespace {

constexpr size_t kTotalBytes = size_t{64} << 30;
constexpr size_t kAlignment = size_t{2} << 20;

std::mutex mutex;
std::map<char*, size_t> blocks;
size_t used = 0, next = kAlignment;

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  properties->totalGlobalMem = kTotalBytes;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  const std::lock_guard lock(mutex);
  *free_bytes = kTotalBytes - used;
  *total = kTotalBytes;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  const std::lock_guard lock(mutex);
  if (bytes > kTotalBytes - used) return cudaErrorMemoryAllocation;
  *memory = reinterpret_cast<void*>(next);
  blocks[static_cast<char*>(*memory)] = bytes;
  used += bytes;
  next += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  const std::lock_guard lock(mutex);
  const auto block = blocks.find(static_cast<char*>(memory));
  if (block == blocks.end()) return memory == nullptr ? cudaSuccess : cudaErrorInvalidValue;
  used -= block->second;
  blocks.erase(block);
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "an error of the stand-in"; }
const char* cudaGetErrorName(cudaError_t) { return "error"; }
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = *greatest = 0;
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status) {
  *status = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode*) { return cudaSuccess; }
}
