#include "harness/cuda/driver.h"

#include <dlfcn.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace stallpoint {

absl::StatusOr<CudaDriver> CudaDriver::Load() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return absl::NotFoundError("no NVIDIA driver (libcuda.so.1)");
  CudaDriver driver;
  const char* missing = nullptr;
  const auto need = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && missing == nullptr) missing = name;
  };
  need("cuInit", driver.Init);
  need("cuDriverGetVersion", driver.GetVersion);
  need("cuGetErrorName", driver.GetErrorName);
  need("cuGetErrorString", driver.GetErrorString);
  need("cuDeviceGetCount", driver.DeviceGetCount);
  need("cuDeviceGet", driver.DeviceGet);
  need("cuDeviceGetName", driver.DeviceGetName);
  need("cuDeviceGetUuid", driver.DeviceGetUuid);
  need("cuDeviceTotalMem_v2", driver.DeviceTotalMem);
  need("cuDevicePrimaryCtxRetain", driver.RetainPrimaryContext);
  need("cuDevicePrimaryCtxRelease_v2", driver.ReleasePrimaryContext);
  need("cuCtxSetCurrent", driver.SetCurrentContext);
  need("cuStreamCreate", driver.StreamCreate);
  need("cuStreamDestroy_v2", driver.StreamDestroy);
  need("cuStreamSynchronize", driver.StreamSynchronize);
  need("cuLaunchHostFunc", driver.LaunchHostFunction);
  need("cuEventCreate", driver.EventCreate);
  need("cuEventDestroy_v2", driver.EventDestroy);
  need("cuEventRecord", driver.EventRecord);
  need("cuEventSynchronize", driver.EventSynchronize);
  need("cuEventElapsedTime", driver.EventElapsedTime);
  need("cuMemAlloc_v2", driver.MemAlloc);
  need("cuMemFree_v2", driver.MemFree);
  need("cuMemGetInfo_v2", driver.MemGetInfo);
  need("cuMemHostAlloc", driver.MemHostAlloc);
  need("cuMemFreeHost", driver.MemFreeHost);
  need("cuMemcpyHtoDAsync_v2", driver.CopyToDevice);
  need("cuMemcpyDtoHAsync_v2", driver.CopyToHost);
  if (missing == nullptr) return driver;
  return absl::FailedPreconditionError(absl::StrCat("the driver library libcuda.so.1 has no ", missing));
}

absl::Status CudaDriver::Check(std::string_view call, int code) const {
  if (code == cuda_code::kSuccess) return absl::OkStatus();
  const char *name = nullptr, *text = nullptr;
  GetErrorName(code, &name);
  GetErrorString(code, &text);
  const std::string message = absl::StrCat(std::string(call), ": ", name != nullptr ? name : "error", " (", code, ")",
                                           text != nullptr ? absl::StrCat(", ", text) : "");
  return code == cuda_code::kOutOfMemory ? absl::ResourceExhaustedError("device memory: " + message)
                                         : absl::InternalError(message);
}

}  // namespace stallpoint
