// The CUDA driver (libcuda.so.1), loaded at run time, and the functions of it that are used. The driver keeps these for
// good, so that no header of CUDA is needed and every build can run on a machine with a GPU.
//
// A driver stays loaded: CUDA does not survive being unloaded. Const access from any thread.
#ifndef STALLPOINT_HARNESS_CUDA_DRIVER_H_
#define STALLPOINT_HARNESS_CUDA_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stallpoint {

// CUresult.
namespace cuda_code {
inline constexpr int kSuccess = 0, kOutOfMemory = 2, kNoDevice = 100, kNotReady = 600;
}

struct CudaDriver {
  using Context = struct CUctx_st*;
  using Stream = struct CUstream_st*;
  using Event = struct CUevent_st*;
  using Pointer = unsigned long long;  // of device memory
  struct Uuid {
    unsigned char bytes[16];
  };

  static constexpr unsigned kBlockingSync = 1;        // a wait for the event sleeps
  static constexpr unsigned kPortableHostMemory = 1;  // page-locked for every context

  // NotFound: no libcuda.so.1. FailedPrecondition: one without a function that is needed. Nothing is initialised.
  static absl::StatusOr<CudaDriver> Load();

  int (*Init)(unsigned flags) = nullptr;
  int (*GetVersion)(int* version) = nullptr;
  int (*GetErrorName)(int code, const char** name) = nullptr;
  int (*GetErrorString)(int code, const char** text) = nullptr;
  int (*DeviceGetCount)(int* count) = nullptr;
  int (*DeviceGet)(int* device, int ordinal) = nullptr;
  int (*DeviceGetName)(char* name, int bytes, int device) = nullptr;
  int (*DeviceGetUuid)(Uuid* uuid, int device) = nullptr;
  int (*DeviceTotalMem)(size_t* bytes, int device) = nullptr;
  int (*RetainPrimaryContext)(Context* context, int device) = nullptr;
  int (*ReleasePrimaryContext)(int device) = nullptr;
  int (*SetCurrentContext)(Context context) = nullptr;
  int (*StreamCreate)(Stream* stream, unsigned flags) = nullptr;
  int (*StreamDestroy)(Stream stream) = nullptr;
  int (*StreamSynchronize)(Stream stream) = nullptr;
  int (*LaunchHostFunction)(Stream stream, void (*function)(void*), void* argument) = nullptr;  // it must not call CUDA
  int (*EventCreate)(Event* event, unsigned flags) = nullptr;
  int (*EventDestroy)(Event event) = nullptr;
  int (*EventRecord)(Event event, Stream stream) = nullptr;
  int (*EventSynchronize)(Event event) = nullptr;
  int (*EventElapsedTime)(float* milliseconds, Event begin, Event end) = nullptr;
  int (*MemAlloc)(Pointer* memory, size_t bytes) = nullptr;
  int (*MemFree)(Pointer memory) = nullptr;
  int (*MemGetInfo)(size_t* free, size_t* total) = nullptr;
  int (*MemHostAlloc)(void** memory, size_t bytes, unsigned flags) = nullptr;
  int (*MemFreeHost)(void* memory) = nullptr;
  int (*CopyToDevice)(Pointer to, const void* from, size_t bytes, Stream stream) = nullptr;  // asynchronous
  int (*CopyToHost)(void* to, Pointer from, size_t bytes, Stream stream) = nullptr;          // asynchronous

  // Ok, or what `call` failed with by name; ResourceExhausted: memory of the device.
  absl::Status Check(std::string_view call, int code) const;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CUDA_DRIVER_H_
