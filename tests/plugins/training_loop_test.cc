// A training step on a CUDA device, by a stand-in for LibTorch's CUDA backend over one for CUDA's driver.
#include "plugins/support/training_loop.h"

#include <dlfcn.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "tests/harness/fake_cuda.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"

namespace {

using namespace stallpoint;
using namespace stallpoint::testing;

template <typename Function>
Function Symbol(const char* library, const char* name) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  INFO(library << ": " << (handle == nullptr ? dlerror() : "loaded"));
  REQUIRE(handle != nullptr);
  auto* function = dlsym(handle, name);
  REQUIRE(function != nullptr);
  return reinterpret_cast<Function>(function);
}

// In this order: the backend looks for the driver by its name, and the loop for the backend by its own.
FakeCuda& Driver() {
  static FakeCuda& driver = *Symbol<FakeCuda* (*)()>(STALLPOINT_FAKE_CUDA, "FakeCudaSettings")();
  return driver;
}
int Reads() {
  Driver();
  return Symbol<int (*)()>(STALLPOINT_FAKE_TORCH_CUDA, "FakeTorchCudaReads")();
}

sp_knobs KnobsOf(const char* device, int32_t accumulation = 1) {
  sp_knobs knobs = Knobs(1, 7, accumulation);
  knobs.device = device;
  knobs.steps_in_flight = 2;
  return knobs;
}

// Four numbers a row and what they add up to, in memory of the host that the device's is here.
struct Rows {
  std::vector<float> values = std::vector<float>(32), sums = std::vector<float>(8);
  sp_tensor inputs = {}, targets = {};

  explicit Rows(int64_t step) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>((i * 7 + static_cast<size_t>(step) * 3) % 11) / 11;
      sums[i / 4] += values[i];
    }
    inputs = {.struct_size = sizeof(sp_tensor), .dtype = SP_DTYPE_F32, .dims = 2, .shape = {8, 4}};
    inputs.data = values.data();
    targets = {.struct_size = sizeof(sp_tensor), .dtype = SP_DTYPE_F32, .dims = 2, .shape = {8, 1}};
    targets.data = sums.data();
  }
};

struct Training {
  explicit Training(const sp_knobs& knobs)
      : loop(plugin::Host(host.table()), knobs, false),
        network(loop.OnDevice<torch::nn::LinearImpl>(4, 1)),
        optimizer(network.parameters(), torch::optim::SGDOptions(0.1)) {}

  plugin::StepResult Step(const Rows& rows) {
    return loop.Step(optimizer, [&] {
      return (network.forward(loop.TensorOver(rows.inputs)) - loop.TensorOver(rows.targets)).square().mean();
    });
  }

  FakeHost host;
  bundled::TrainingLoop loop;
  torch::nn::LinearImpl network;
  torch::optim::SGD optimizer;
};

float LossOf(const plugin::StepResult& result) {
  REQUIRE(result.device_loss != nullptr);
  float loss = 0;
  std::memcpy(&loss, result.device_loss, sizeof(loss));
  return loss;
}

TEST_CASE("On a CUDA device the network, the batch and the loss lie in its memory, and a step waits for nothing") {
  const int before = Reads();
  Training training(KnobsOf("cuda:0"));
  for (const torch::Tensor& parameter : training.network.parameters()) CHECK(parameter.is_cuda());
  const Rows rows(0);
  const torch::Tensor inputs = training.loop.TensorOver(rows.inputs);
  CHECK(inputs.is_cuda());
  CHECK(inputs.const_data_ptr() == rows.values.data());

  const plugin::StepResult first = training.Step(rows), second = training.Step(Rows(1));
  CHECK(Reads() == before);
  CHECK_FALSE(first.loss.has_value());
  CHECK(first.device_loss_dtype == SP_DTYPE_F32);
  // Both are in flight: the second has not taken the first one's place.
  CHECK(first.device_loss != second.device_loss);
  CHECK(training.network.weight.grad().defined() == false);
  CHECK(training.host.marks() == std::vector<int32_t>{SP_MARK_FORWARD, SP_MARK_BACKWARD, SP_MARK_OPTIMIZER, SP_MARK_END,
                                                      SP_MARK_FORWARD, SP_MARK_BACKWARD, SP_MARK_OPTIMIZER,
                                                      SP_MARK_END});
}

TEST_CASE(
    "What a step allocates on a CUDA device is told, of the backward pass's threads too, as long as it is wanted") {
  Reads();
  const FakeHost host;
  bundled::TrainingLoop unwanted(plugin::Host(host.table()), KnobsOf("cuda:0"), false);
  unwanted.OnDevice<torch::nn::LinearImpl>(4, 1);
  CHECK(host.allocations().empty());

  Training training(KnobsOf("cuda:0"));
  training.host.want_allocations(true);
  training.Step(Rows(0));
  const auto told = training.host.allocations();
  std::map<int64_t, int> live;  // how many blocks of each size are left
  for (const auto& [allocator, bytes] : told) {
    CHECK(allocator == "torch");
    live[std::abs(bytes)] += bytes > 0 ? 1 : -1;
  }
  // The gradients of weight and bias are among them, and go with zero_grad().
  CHECK(std::count(told.begin(), told.end(), std::pair<std::string, int64_t>("torch", 4 * sizeof(float))) >= 1);
  CHECK(live[4 * sizeof(float)] == 0);
  CHECK(live[sizeof(float)] == 1);  // the loss that is kept

  training.host.want_allocations(false);
  training.Step(Rows(1));
  CHECK(training.host.allocations() == told);

  Training on_cpu(KnobsOf("cpu"));
  on_cpu.host.want_allocations(true);
  on_cpu.Step(Rows(0));
  CHECK(on_cpu.host.allocations().empty());
}

TEST_CASE("What a fault loses of the device's memory is allocated there and never given back") {
  Reads();
  Training training(KnobsOf("cuda:0"));
  training.host.want_allocations(true);
  training.loop.Lose(0);
  CHECK(training.host.allocations().empty());
  training.loop.Lose(1000);
  using Told = std::vector<std::pair<std::string, int64_t>>;
  CHECK(training.host.allocations() == Told{{"torch", 1000}});
}

TEST_CASE("The stand-in notices a step that reads its loss") {
  const int before = Reads();
  Training training(KnobsOf("cuda:0"));
  const Rows rows(0);
  training.loop.Step(training.optimizer, [&] {
    const torch::Tensor loss = training.network.forward(training.loop.TensorOver(rows.inputs)).mean();
    CHECK(loss.item<float>() != 0);
    return loss;
  });
  CHECK(Reads() == before + 1);
}

TEST_CASE("The same seed gives the same losses on the CPU and on a CUDA device, with gradients accumulated") {
  Reads();
  Training on_cpu(KnobsOf("cpu", 2)), on_cuda(KnobsOf("cuda:0", 2));
  float first = 0, last = 0;
  for (int64_t step = 0; step < 12; ++step) {
    const Rows rows(step);
    const plugin::StepResult cpu = on_cpu.Step(rows), cuda = on_cuda.Step(rows);
    CHECK(LossOf(cuda) == Approx(LossOf(cpu)).epsilon(1e-4));
    CHECK(cuda.optimizer_stepped == (step % 2 == 1));
    (step == 0 ? first : last) = LossOf(cuda);
  }
  CHECK(last < first / 2);
}

TEST_CASE("A step that finds no room on the device is out of memory, in one sentence") {
  Reads();
  Training training(KnobsOf("cuda:0"));
  Driver().memory_bytes = 0;
  sp_error error = {.struct_size = sizeof(sp_error)};
  const sp_code code = plugin::Guarded(&error, [&] { training.Step(Rows(0)); });
  Driver().memory_bytes = FakeCuda().memory_bytes;
  CHECK(code == SP_RESOURCE_EXHAUSTED);
  CHECK_THAT(std::string(error.message), Catch::StartsWith("device memory: CUDA out of memory. Tried to allocate ") &&
                                             Catch::EndsWith(" bytes; use a smaller --batch or more --device-memory"));
}

}  // namespace
