// A workload for the stand-in of CUDA's driver: each step adds up its batch on the "device", which takes 3 ms, and
// leaves the sum there as its loss; with `waits=1` each step waits for it. Samples of several numbers are larger to
// copy.
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
            {{"waits", "0", "whether a step waits for the device"},
             {"numbers", "1", "of a sample"},
             {"of_sample", "0", "what the device takes for a sample, besides 3 ms a step"}},
            ""};
  }

  explicit StepsOnCuda(plugin::Host host) : StepsOnCuda(host, plugin::Options(host, describe().options)) {}

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
    auto* value = arena.array<float>(static_cast<size_t>(numbers_));
    value[0] = static_cast<float>(index);
    return {value, sizeof(float) * static_cast<uint64_t>(numbers_), 0};
  }
  void batch_layout(int32_t, const plugin::Samples& samples, plugin::Layout& layout) override {
    layout.add(SP_DTYPE_F32, {samples.size(), numbers_});
  }
  void collate(int32_t, const plugin::Samples& samples, const plugin::Batch& batch) override {
    for (int64_t i = 0; i < samples.size(); ++i) batch.data<float>(0)[i * numbers_] = samples.as<float>(i);
  }

  plugin::StepResult step(const plugin::Batch& batch) override {
    Sum& sum = sums_[static_cast<size_t>(batch.index()) % kLosses];
    sum.values = batch.data<float>(0);
    sum.count = batch.samples();
    sum.stride = numbers_;
    const int64_t takes_ns = kStepNs + of_sample_ns_ * batch.samples();
    plugin::StepParts parts(host_);
    parts.forward();
    launch_(
        takes_ns / 3, [](void* memory) { static_cast<Sum*>(memory)->AddUp(); }, &sum);
    parts.backward();
    launch_(takes_ns - takes_ns / 3, nullptr, nullptr);
    if (waits_) wait_(nullptr);
    plugin::StepResult result;
    result.device_loss = &sum.total;
    return result;
  }
  bool steps_on_cuda() const override { return true; }

 private:
  StepsOnCuda(plugin::Host host, const plugin::Options& options)
      : host_(host),
        waits_(options.flag("waits")),
        numbers_(options.integer("numbers", 1, 1 << 24)),
        of_sample_ns_(options.time_ns("of_sample")) {}

  struct Sum {
    const float* values;
    int64_t count, stride;
    float total;
    void AddUp() {
      total = 0;
      for (int64_t i = 0; i < count; ++i) total += values[i * stride];
    }
  };

  plugin::Host host_;
  const bool waits_;
  const int64_t numbers_, of_sample_ns_;
  void (*launch_)(int64_t ns, void (*function)(void*), void* argument) = nullptr;
  int (*wait_)(void* stream) = nullptr;
  std::vector<Sum> sums_{kLosses};
};

}  // namespace
}  // namespace stallpoint

STALLPOINT_PLUGIN(stallpoint::StepsOnCuda)
