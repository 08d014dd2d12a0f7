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

#include "stallpoint/torch.h"
#include "stallpoint/torch_device.h"
#include "stallpoint/torch_memory.h"

namespace stallpoint::bundled {

// Made on the control thread, stepped on the step thread.
class TrainingLoop {
 public:
  // On the device of `knobs`. Seeds LibTorch, so that the network made next is the same for the same seed, whatever the
  // device. Throws when the device cannot be used.
  TrainingLoop(plugin::Host host, const sp_knobs& knobs, bool operator_spans)
      : host_(host),
        device_(plugin::UseTorchDevice(host, knobs)),
        memory_(host),
        losses_(knobs),
        operator_names_(host),
        operator_spans_(operator_spans),
        intra_op_threads_(knobs.intra_op_threads),
        accumulation_(std::max(1, knobs.accumulation)) {
    torch::manual_seed(knobs.seed);
    plugin::UseIntraOpThreads(intra_op_threads_);
  }

  // A network made of `arguments`, in the device's memory.
  template <typename Network, typename... Arguments>
  Network OnDevice(Arguments... arguments) const {
    const plugin::OnDevice memory(memory_);
    const c10::DeviceGuard here(device_);
    Network network(arguments...);
    network.to(device_);
    return network;
  }

  // A tensor of a batch, where it lies.
  torch::Tensor TensorOver(const sp_tensor& tensor) const { return plugin::TensorOver(tensor, device_); }

  // `forward` computes the loss of one batch, a tensor of one value.
  template <typename Forward>
  plugin::StepResult Step(torch::optim::Optimizer& optimizer, Forward forward) {
    plugin::UseIntraOpThreads(intra_op_threads_);
    const plugin::OnDevice memory(memory_);
    const c10::DeviceGuard here(device_);
    std::optional<plugin::OperatorSpans> spans;
    if (operator_spans_) spans.emplace(operator_names_);

    plugin::StepParts parts(host_);
    parts.forward();
    const torch::Tensor loss = forward();
    parts.backward();
    (loss / accumulation_).backward();

    plugin::StepResult result = losses_.Report(loss);
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
  c10::Device device_;
  plugin::DeviceMemory memory_;
  plugin::StepLosses losses_;
  plugin::OperatorNames operator_names_;
  bool operator_spans_;
  int32_t intra_op_threads_;
  int32_t accumulation_;
  int32_t accumulated_ = 0;
};

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_
