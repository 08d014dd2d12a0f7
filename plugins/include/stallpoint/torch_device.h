// LibTorch on the device of a run, `cpu` or `cuda:N`, in one plugin binary: its CUDA backend is looked for at run time,
// and no header of CUDA is needed.
//
//   bool steps_on_cuda() const override { return true; }
//   void begin(const sp_knobs& knobs) override {
//     device_.emplace(host_, knobs);  // before anything else of LibTorch
//     const OnTorchDevice here(*device_);
//     network_->to(device_->device());
//   }
//   void end() override { network_ = nullptr, device_.reset(); }  // in this order
//   StepResult step(const Batch& batch) override {
//     const OnTorchDevice here(*device_);
//     ...                             // of device_->TensorOver(batch.tensor(0))
//     return device_->Report(loss);   // loss.item() would wait for the device
//   }
//
// On CUDA LibTorch works on its current stream, the default one unless it was told otherwise. The harness's stream
// waits for that one, and it for the harness's, so a step is in order as it is. (knobs.stream could be made the current
// one only by an id that c10/core/Stream.h gives no guarantee about, or with CUDA's headers.)
//
// Compiles against LibTorch 2.6 to 2.15. Run on an H200 with LibTorch 2.11; tested with a stand-in for LibTorch's CUDA
// backend.
#ifndef STALLPOINT_TORCH_DEVICE_H_
#define STALLPOINT_TORCH_DEVICE_H_

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10
#include <c10/core/AllocatorConfig.h>
#define STALLPOINT_TORCH_ALLOCATOR_HAS_SETTINGS 1
#else
#define STALLPOINT_TORCH_ALLOCATOR_HAS_SETTINGS 0
#endif

#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/workload.h"
#include "stallpoint/torch.h"
#include "stallpoint/torch_allocations.h"
#include "stallpoint/torch_memory.h"

namespace stallpoint::plugin {

// Bytes of memory of a CUDA device, as the driver says; 0: it does not.
inline uint64_t CudaDeviceBytes(int ordinal) {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr) return 0;
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto total = reinterpret_cast<int (*)(size_t*, int)>(dlsym(driver, "cuDeviceTotalMem_v2"));
  int device = 0;
  size_t bytes = 0;
  const bool told = get != nullptr && total != nullptr && get(&device, ordinal) == 0 && total(&bytes, device) == 0;
  return told ? bytes : 0;
}

// Lets LibTorch's allocator reserve at most `limit_bytes` of the device, until the process ends. To be called before
// the allocator is first used, which reads its limit once. False where it cannot be told: LibTorch before 2.10, or a
// limit beyond the device. The harness holds --device-memory between steps all the same, batches among it; this holds
// it within one.
inline bool LimitTorchAllocator([[maybe_unused]] c10::Device device, [[maybe_unused]] uint64_t limit_bytes) {
#if STALLPOINT_TORCH_ALLOCATOR_HAS_SETTINGS
  namespace settings = c10::CachingAllocator;
  constexpr char kFraction[] = "per_process_memory_fraction";
  const uint64_t device_bytes = CudaDeviceBytes(device.index());
  if (device_bytes <= limit_bytes || settings::AcceleratorAllocatorConfig::getKeys().count(kFraction) == 0)
    return false;
  char setting[64];
  std::snprintf(setting, sizeof(setting), "%s:%.12f", kFraction,
                static_cast<double>(limit_bytes) / static_cast<double>(device_bytes));
  const std::string before = settings::getAllocatorSettings();  // a setting that is not named again is reset
  try {
    settings::setAllocatorSettings(before.empty() ? setting : before + "," + setting);
    return true;
  } catch (const c10::Error&) {
    return false;
  }
#else
  return false;
#endif
}

// The device that `knobs.device` names, ready for tensors; on CUDA with the allocator held to knobs.device_limit_bytes.
// [control], in begin() before anything else of LibTorch: what it learns of its backends at first, it keeps.
// Throws SP_FAILED_PRECONDITION with what is missing.
inline c10::Device UseTorchDevice(Host host, const sp_knobs& knobs) {
  const std::string name = knobs.device;
  if (name == "cpu") return c10::kCPU;
  if (name.rfind("cuda:", 0) != 0) {
    throw Error(SP_FAILED_PRECONDITION,
                "LibTorch trains on the device cpu or cuda:N here, found '" + name + "'; give --device cpu or cuda:0");
  }
  const auto refuse = [&name](const std::string& found) {
    const std::string version = TORCH_VERSION;
    throw Error(SP_FAILED_PRECONDITION, "--device " + name + ": LibTorch " + version + " cannot use it: " + found +
                                            "; expected libtorch_cuda.so beside libtorch_cpu.so with the NVIDIA "
                                            "libraries that `pip install torch==" +
                                            version + "` brings, and a driver for them; or use --device cpu");
  };
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* why = dlerror();
    refuse(why != nullptr ? why : "libtorch_cuda.so does not load");
  }
  const c10::Device device(name);
  if (knobs.device_limit_bytes > 0 && LimitTorchAllocator(device, knobs.device_limit_bytes)) {
    host.info("LibTorch's allocator is held to --device-memory, too");
  }
  try {
    at::empty({1}, at::TensorOptions(device));
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    const char* what = e.what_without_backtrace();
    std::string why(what, std::strcspn(what, "\n"));
    if (why.ends_with('.')) why.pop_back();
    refuse(why);
  }
  return device;
}

// A run's device as LibTorch has it: where tensors lie, whose memory it is, and what becomes of the losses of the steps
// in flight. Made on the control thread, used on the step thread; keep it beside the model, outliving that.
class STALLPOINT_PLUGIN_LOCAL TorchDevice {
 public:
  // As UseTorchDevice. Seeds LibTorch, so that the network made next is the same for the same seed, whatever the
  // device.
  TorchDevice(Host host, const sp_knobs& knobs)
      : device_(UseTorchDevice(host, knobs)),
        memory_(host),
        allocations_(host, device_),
        losses_(static_cast<size_t>(std::max(1, knobs.steps_in_flight)) + 1),
        intra_op_threads_(knobs.intra_op_threads) {
    at::manual_seed(knobs.seed);
  }

  c10::Device device() const { return device_; }

  // A tensor of a batch, where it lies; valid as long as the batch.
  at::Tensor TensorOver(const sp_tensor& tensor) const { return plugin::TensorOver(tensor, device_); }

  // A result that names `loss`, a tensor of one value, which stays where it is until its step has ended.
  StepResult Report(const at::Tensor& loss) {
    at::Tensor& kept = losses_[reported_++ % losses_.size()];
    kept = loss.detach().to(at::kFloat);
    StepResult result;
    result.device_loss = kept.const_data_ptr();
    result.device_loss_dtype = SP_DTYPE_F32;
    return result;
  }

 private:
  friend class OnTorchDevice;

  c10::Device device_;
  DeviceMemory memory_;
  AllocationReport allocations_;
  std::vector<at::Tensor> losses_;
  size_t reported_ = 0;
  int32_t intra_op_threads_;
};

// While it lives, what its thread makes of LibTorch is made for the device: in its memory, with as many threads as the
// run gives a step. For begin() and step().
class STALLPOINT_PLUGIN_LOCAL OnTorchDevice {
 public:
  explicit OnTorchDevice(const TorchDevice& device)
      : memory_(device.memory_), current_(device.device_), reported_(device.allocations_) {
    UseIntraOpThreads(device.intra_op_threads_);
  }
  OnTorchDevice(const OnTorchDevice&) = delete;
  OnTorchDevice& operator=(const OnTorchDevice&) = delete;

 private:
  const OnDevice memory_;
  const c10::DeviceGuard current_;
  const AllocationReport::Scope reported_;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_TORCH_DEVICE_H_
