// LibTorch for a stallpoint workload: tensors over the harness's memory, its exceptions as codes, its operators on the
// timeline.
//
// Include it in one of the plugin's files at least: that alone makes LibTorch's exceptions known to the guard. Compiles
// against LibTorch 2.6 to 2.15; needs no CUDA header.
#ifndef STALLPOINT_TORCH_H_
#define STALLPOINT_TORCH_H_

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>

#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/workload.h"

namespace stallpoint::plugin {

// For Description::build_fingerprint.
inline std::string TorchFingerprint() {
  return "torch=" + std::string(TORCH_VERSION) + ";cxx11abi=" + std::to_string(_GLIBCXX_USE_CXX11_ABI);
}

inline at::ScalarType TorchDtype(int32_t dtype) {
  switch (dtype) {
    case SP_DTYPE_U8:
      return at::kByte;
    case SP_DTYPE_I32:
      return at::kInt;
    case SP_DTYPE_I64:
      return at::kLong;
    case SP_DTYPE_F32:
      return at::kFloat;
    case SP_DTYPE_F16:
      return at::kHalf;
    case SP_DTYPE_BF16:
      return at::kBFloat16;
    default:
      throw Error(SP_INVALID_ARGUMENT, "no LibTorch type for sp_tensor.dtype " + std::to_string(dtype));
  }
}

// The tensor itself, not a copy: valid as long as the batch it belongs to. `device` is where its memory lies:
// that of the run, which stallpoint/torch_device.h knows.
inline at::Tensor TensorOver(const sp_tensor& tensor, c10::Device device = c10::kCPU) {
  // Told the device, LibTorch does not ask the driver whose memory it is.
  return at::for_blob(tensor.data, at::IntArrayRef(tensor.shape, static_cast<size_t>(tensor.dims)))
      .options(at::TensorOptions().dtype(TorchDtype(tensor.dtype)).device(device))
      .target_device(device)
      .make_tensor();
}

// How many threads the operators called from this thread may use, 0: leave it. Cheap when nothing changes. With OpenMP,
// which the wheels use, it is a setting of the calling thread: each thread that calls operators sets its own.
inline void UseIntraOpThreads(int32_t count) {
  if (count > 0 && at::get_num_threads() != count) at::set_num_threads(count);
}

// Ids of operator names at one host; keep it from step to step. For one thread at a time.
class OperatorNames {
 public:
  explicit OperatorNames(Host host) : host_(host) {}
  Host host() const { return host_; }
  uint32_t id(const char* name) {
    uint32_t& id = ids_[name];
    if (id == 0) id = host_.intern(name);
    return id;
  }

 private:
  Host host_;
  std::unordered_map<std::string, uint32_t> ids_;
};

// While it lives, every operator that its thread calls is a span on that thread's track. Nothing is installed while
// nothing is recorded. One may live at a time on a thread.
class OperatorSpans {
 public:
  explicit OperatorSpans(OperatorNames& names) : installed_(names.host().enabled()) {
    if (!installed_) return;
    Active() = &names;
    callback_ =
        at::addThreadLocalCallback(at::RecordFunctionCallback(&Begin, &End)
                                       .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  }
  ~OperatorSpans() {
    if (!installed_) return;
    at::removeCallback(callback_);
    Active() = nullptr;
  }
  OperatorSpans(const OperatorSpans&) = delete;
  OperatorSpans& operator=(const OperatorSpans&) = delete;

 private:
  // Null on autograd's own threads, which inherit the callback but have no track.
  STALLPOINT_PLUGIN_LOCAL static OperatorNames*& Active() {
    thread_local OperatorNames* active = nullptr;
    return active;
  }

  static std::unique_ptr<at::ObserverContext> Begin(const at::RecordFunction& function) {
    if (OperatorNames* names = Active()) {
      const sp_host* host = names->host().table();
      host->span_begin(host->self, names->id(function.name()));
    }
    return nullptr;
  }
  static void End(const at::RecordFunction&, at::ObserverContext*) {
    if (const OperatorNames* names = Active()) names->host().table()->span_end(names->host().table()->self);
  }

  const bool installed_;
  at::CallbackHandle callback_ = 0;
};

// The device's memory ran out, and LibTorch said so in `what`: its figures, without its advice on other settings.
inline sp_code FillDeviceMemoryError(sp_error* error, const char* what) noexcept {
  constexpr size_t kMost = 400;  // so that what to do has room behind it
  const char* advice = std::strstr(what, " If reserved but unallocated");
  size_t length = advice != nullptr ? static_cast<size_t>(advice - what) : std::strlen(what);
  length = std::min({length, std::strcspn(what, "\n"), kMost});
  if (length > 0 && what[length - 1] == '.') --length;
  char text[SP_ERROR_MESSAGE_SIZE];
  std::snprintf(text, sizeof(text), "device memory: %.*s; use a smaller --batch or more --device-memory",
                static_cast<int>(length), what);
  return FillError(error, SP_RESOURCE_EXHAUSTED, text);
}

STALLPOINT_PLUGIN_LOCAL inline const bool kTorchErrorsAreKnown = AddErrorTranslator([](sp_error* error) -> sp_code {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& e) {
    return FillDeviceMemoryError(error, e.what_without_backtrace());
  } catch (const c10::Error& e) {
    const char* what = e.what_without_backtrace();
    const auto says = [what](const char* words) { return std::strstr(what, words) != nullptr; };
    // Neither the host's allocator nor what libraries allocate on the device has an exception type of its own.
    if (says("DefaultCPUAllocator")) return FillError(error, SP_RESOURCE_EXHAUSTED, what);
    if (says("CUDA error: out of memory") || says("_ALLOC_FAILED") || says("_ALLOCATION_FAILED")) {
      return FillDeviceMemoryError(error, what);
    }
    return FillError(error, SP_INTERNAL, what);
  } catch (...) {
    return SP_OK;
  }
});

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_TORCH_H_
