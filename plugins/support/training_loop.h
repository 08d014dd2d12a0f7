// One training step as LibTorch takes it: parts marked, operators recorded, gradients accumulated, the loss reported.
// It never waits for the device.
//
// Includes LibTorch, which compiles for long: for the one file of a workload that does so anyway.
#ifndef STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_
#define STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_

#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "stallpoint/torch.h"
#include "stallpoint/torch_device.h"

namespace stallpoint::bundled {

// Made on the control thread, stepped on the step thread.
class TrainingLoop {
 public:
  // On the device of `knobs`; the same seed gives the same network. Throws when LibTorch cannot use the device.
  TrainingLoop(plugin::Host host, const sp_knobs& knobs, bool operator_spans)
      : host_(host),
        device_(host, knobs),
        operator_names_(host),
        operator_spans_(operator_spans),
        accumulation_(std::max(1, knobs.accumulation)) {}

  // A network made of `arguments`, in the device's memory.
  template <typename Network, typename... Arguments>
  Network OnDevice(Arguments... arguments) const {
    const plugin::OnTorchDevice here(device_);
    Network network(arguments...);
    network.to(device_.device());
    return network;
  }

  // A tensor of a batch, where it lies.
  torch::Tensor TensorOver(const sp_tensor& tensor) const { return device_.TensorOver(tensor); }

  // A fault: so much of the device's memory for good, all of it written.
  void Lose(int64_t bytes) {
    if (bytes <= 0) return;
    const plugin::OnTorchDevice here(device_);
    lost_.push_back(at::ones({bytes}, at::TensorOptions(at::kByte).device(device_.device())));
  }

  // `forward` computes the loss of one batch, a tensor of one value.
  template <typename Forward>
  plugin::StepResult Step(torch::optim::Optimizer& optimizer, Forward forward) {
    const plugin::OnTorchDevice here(device_);
    std::optional<plugin::OperatorSpans> spans;
    if (operator_spans_) spans.emplace(operator_names_);

    plugin::StepParts parts(host_);
    parts.forward();
    const torch::Tensor loss = forward();
    parts.backward();
    (loss / accumulation_).backward();

    plugin::StepResult result = device_.Report(loss);
    result.optimizer_stepped = ++accumulated_ == accumulation_;
    if (result.optimizer_stepped) {
      parts.optimizer();
      optimizer.step();
      optimizer.zero_grad();
      accumulated_ = 0;
    }
    return result;
  }

 private:
  plugin::Host host_;
  plugin::TorchDevice device_;
  plugin::OperatorNames operator_names_;
  bool operator_spans_;
  int32_t accumulation_;
  int32_t accumulated_ = 0;
  std::vector<at::Tensor> lost_;
};

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_
