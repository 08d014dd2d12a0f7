// A libtorch_cuda.so for the tests: LibTorch's CUDA backend over the stand-in for CUDA's driver
// (tests/harness/fake_cuda), whose device memory is the host's. Each operator waits for what the driver was given, runs
// by the CPU's kernels, and leaves its results in memory of the device; so what differs from LibTorch on the CPU is
// where tensors lie, and who may read them: a host that reads the device's memory is counted, and told so.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <torch/library.h>
#include <torch/version.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>

namespace {

std::atomic<int> reads{0};
thread_local bool in_kernel = false;

// Of the driver, which whoever loads this has loaded.
template <typename Function>
Function Driver(const char* name) {
  static void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  void* function = driver == nullptr ? nullptr : dlsym(driver, name);
  TORCH_CHECK(function != nullptr, "the stand-in for CUDA's driver is not there: ", name);
  return reinterpret_cast<Function>(function);
}

void WaitForDriver() {
  static const auto synchronize = Driver<int (*)(void*)>("cuStreamSynchronize");
  synchronize(nullptr);
}

void NoteRead(const char* what) {
  if (in_kernel) return;
  ++reads;
  std::fprintf(stderr, "the host waited for the device: %s\n", what);
}

struct Kernel {
  const bool outer = in_kernel;
  Kernel() {
    WaitForDriver();
    in_kernel = true;
  }
  ~Kernel() { in_kernel = outer; }
};

const c10::Device kDevice(c10::kCUDA, 0);

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
  c10::Stream getDefaultStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { NoteRead("synchronizeStream"); }
  void synchronizeEvent(void*) const override { NoteRead("synchronizeEvent"); }
  void synchronizeDevice(const c10::DeviceIndex) const override { NoteRead("synchronizeDevice"); }
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard)

// What the rest of LibTorch asks about CUDA. It looks for this name.
struct CUDAHooks final : at::CUDAHooksInterface {
  explicit CUDAHooks(at::CUDAHooksArgs) {}
  bool hasCUDA() const override { return true; }
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
#endif
  bool hasPrimaryContext(at::DeviceIndex) const override { return true; }
  at::DeviceIndex deviceCount() const override { return 1; }
  at::DeviceIndex getCurrentDevice() const override { return 0; }
  void init() const override {}
  const at::Generator& getDefaultGenerator(at::DeviceIndex) const override {
    return at::detail::getDefaultCPUGenerator();
  }
};
class DeviceMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    static const auto allocate = Driver<int (*)(void**, size_t)>("cuMemAlloc_v2");
    void* block = nullptr;
    if (bytes > 0) {
      TORCH_CHECK_WITH(OutOfMemoryError, allocate(&block, bytes) == 0, "CUDA out of memory. Tried to allocate ", bytes,
                       " bytes. If reserved but unallocated memory is large try another setting.");
      Report(block, bytes);
    }
    return {block, block, &Free, kDevice};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }

 private:
  static void Free(void* block) {
    static const auto release = Driver<int (*)(void*)>("cuMemFree_v2");
    if (block == nullptr) return;
    Report(block, 0);
    release(block);
  }

  // As LibTorch's allocator does; `bytes` 0: the block is freed. Blocks are as large as what was asked for, and nothing
  // is kept for later.
  static void Report(void* block, size_t bytes) {
    static std::mutex mutex;
    static std::unordered_map<void*, size_t> blocks;
    static size_t in_use = 0;
    const std::lock_guard lock(mutex);
    const bool frees = bytes == 0;
    if (frees) {
      bytes = blocks[block];
      blocks.erase(block);
      in_use -= bytes;
    } else {
      blocks[block] = bytes;
      in_use += bytes;
    }
    const auto change = static_cast<int64_t>(bytes);
    c10::reportMemoryUsageToProfiler(block, frees ? -change : change, in_use, in_use, kDevice);
  }
};

DeviceMemory device_memory;
constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::CUDA);

at::Tensor Empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &device_memory, kKeys, dtype.value_or(at::kFloat),
                                   format);
}

at::Tensor EmptyStrided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride, std::optional<at::ScalarType> dtype,
                        std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride),
                                           &device_memory, kKeys, dtype.value_or(at::kFloat));
}

// The same memory, for the CPU's kernels.
at::Tensor OnHost(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), at::TensorOptions(tensor.dtype()));
}

at::Tensor& Copy(at::Tensor& self, const at::Tensor& from, bool) {
  if (self.is_cpu()) NoteRead("a copy to the host");
  const Kernel kernel;
  OnHost(self).copy_(OnHost(from));
  return self;
}

const at::Tensor& Resize(const at::Tensor& self, c10::SymIntArrayRef size, std::optional<at::MemoryFormat>) {
  const at::IntArrayRef sizes = C10_AS_INTARRAYREF_SLOW(size);
  const size_t bytes = at::detail::computeStorageNbytesContiguous(sizes, self.element_size());
  if (bytes > self.storage().nbytes()) {
    self.storage().set_data_ptr_noswap(device_memory.allocate(bytes));
    self.storage().set_nbytes(bytes);
  }
  self.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return self;
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to) {
  at::Tensor target = to;
  if (to.sizes() != from.sizes()) target.resize_(from.sizes());
  Copy(target, from, false);
  return to;
}

at::Scalar Value(const at::Tensor& tensor) {
  NoteRead("a value was asked for");
  const Kernel kernel;
  return OnHost(tensor).item();
}

void OnCpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const Kernel kernel;
  at::native::cpu_fallback(op, stack);
}

}  // namespace

namespace at {
REGISTER_CUDA_HOOKS(CUDAHooks)
}  // namespace at

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", Empty);
  m.impl("empty_strided", EmptyStrided);
  m.impl("copy_", Copy);
  m.impl("resize_", Resize);
  m.impl("_copy_from_and_resize", CopyFrom);
  m.impl("_local_scalar_dense", Value);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("view", at::native::view);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  // The ones that LibTorch makes of others would go on to kernels of CUDA.
  for (const char* whole : {"convolution", "convolution_backward"}) {
    m.impl(whole, torch::CppFunction::makeFromBoxedFunction<&OnCpu>());
  }
}

TORCH_LIBRARY_IMPL(_, CUDA, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&OnCpu>()); }

// How often the host read the device's memory or waited for it.
extern "C" __attribute__((visibility("default"))) int FakeTorchCudaReads() { return reads; }
