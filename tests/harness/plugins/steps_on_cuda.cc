// A workload for the stand-in of CUDA's driver: each step adds up its batch on the "device", which takes 3 ms, and
// leaves the sum there as its loss; with `waits=1` each step waits for it.
#include <dlfcn.h>

#include <cstdint>
#include <string>
#include <vector>

#include "stallpoint/plugin.h"

namespace stallpoint {
namespace {

constexpr int64_t kSamples = 64;
constexpr int64_t kStepNs = 3'000'000;
constexpr size_t kLosses = 64;  // more than steps can be in flight

class StepsOnCuda : public plugin::Workload {
 public:
  static plugin::Description describe() {
    return {"steps_on_cuda",
            "adds up its batches on a stand-in for a GPU",
            "1.0",
            {{"waits", "0", "whether a step waits for the device"}},
            ""};
  }

  explicit StepsOnCuda(plugin::Host host)
      : host_(host), waits_(plugin::Options(host, describe().options).flag("waits")) {}

  void open(const std::string&) override {}
  int64_t sample_count() const override { return kSamples; }

  void begin(const sp_knobs& knobs) override {
    if (std::string(knobs.device) != "cuda:0" || knobs.stream == nullptr) {
      throw plugin::Error(SP_FAILED_PRECONDITION, "expected cuda:0 and its stream");
    }
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (driver != nullptr) launch_ = reinterpret_cast<decltype(launch_)>(dlsym(driver, "FakeCudaKernel"));
    if (driver != nullptr) wait_ = reinterpret_cast<decltype(wait_)>(dlsym(driver, "cuStreamSynchronize"));
    if (launch_ == nullptr) throw plugin::Error(SP_FAILED_PRECONDITION, "this driver is no stand-in");
  }

  plugin::Sample load_sample(int32_t, uint64_t index, int64_t, plugin::Arena arena) override {
    auto* value = arena.array<float>(1);
    *value = static_cast<float>(index);
    return {value, sizeof(float), 0};
  }
  void batch_layout(int32_t, const plugin::Samples& samples, plugin::Layout& layout) override {
    layout.add(SP_DTYPE_F32, {samples.size()});
  }
  void collate(int32_t, const plugin::Samples& samples, const plugin::Batch& batch) override {
    for (int64_t i = 0; i < samples.size(); ++i) batch.data<float>(0)[i] = samples.as<float>(i);
  }

  plugin::StepResult step(const plugin::Batch& batch) override {
    Sum& sum = sums_[static_cast<size_t>(batch.index()) % kLosses];
    sum.values = batch.data<float>(0);
    sum.count = batch.samples();
    plugin::StepParts parts(host_);
    parts.forward();
    launch_(
        kStepNs / 3, [](void* memory) { static_cast<Sum*>(memory)->AddUp(); }, &sum);
    parts.backward();
    launch_(kStepNs - kStepNs / 3, nullptr, nullptr);
    if (waits_) wait_(nullptr);
    plugin::StepResult result;
    result.device_loss = &sum.total;
    return result;
  }
  bool steps_on_cuda() const override { return true; }

 private:
  struct Sum {
    const float* values;
    int64_t count;
    float total;
    void AddUp() {
      total = 0;
      for (int64_t i = 0; i < count; ++i) total += values[i];
    }
  };

  plugin::Host host_;
  const bool waits_;
  void (*launch_)(int64_t ns, void (*function)(void*), void* argument) = nullptr;
  int (*wait_)(void* stream) = nullptr;
  std::vector<Sum> sums_{kLosses};
};

}  // namespace
}  // namespace stallpoint

STALLPOINT_PLUGIN(stallpoint::StepsOnCuda)
