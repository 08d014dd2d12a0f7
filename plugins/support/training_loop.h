// One training step as LibTorch takes it: parts marked, operators recorded, gradients accumulated, the loss reported.
//
// Includes LibTorch, which compiles for long: for the one file of a workload that does so anyway.
#ifndef STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_
#define STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_

#include <torch/optim/optimizer.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "stallpoint/torch.h"
#include "stallpoint/torch_memory.h"

namespace stallpoint::bundled {

// Made on the control thread, stepped on the step thread.
class TrainingLoop {
 public:
  // Seeds LibTorch, so that the network made next is the same for the same seed. Throws when the device is not the CPU.
  TrainingLoop(plugin::Host host, const std::string& workload, const sp_knobs& knobs, bool operator_spans)
      : host_(host),
        memory_(host),
        operator_names_(host),
        operator_spans_(operator_spans),
        intra_op_threads_(knobs.intra_op_threads),
        accumulation_(std::max(1, knobs.accumulation)) {
    if (std::string(knobs.device) != "cpu") {
      throw plugin::Error(SP_FAILED_PRECONDITION, workload + " trains on the device 'cpu', found '" +
                                                      std::string(knobs.device) +
                                                      "'; give --device cpu or --device emulated");
    }
    torch::manual_seed(knobs.seed);
    plugin::UseIntraOpThreads(intra_op_threads_);
  }

  // What `make` makes, in the device's memory.
  template <typename Make>
  auto OnDevice(Make make) const {
    const plugin::OnDevice scope(memory_);
    return make();
  }

  // `forward` computes the loss of one batch, a tensor of one value.
  template <typename Forward>
  plugin::StepResult Step(torch::optim::Optimizer& optimizer, Forward forward) {
    plugin::UseIntraOpThreads(intra_op_threads_);
    const plugin::OnDevice scope(memory_);
    std::optional<plugin::OperatorSpans> spans;
    if (operator_spans_) spans.emplace(operator_names_);

    plugin::StepParts parts(host_);
    parts.forward();
    const torch::Tensor loss = forward();
    parts.backward();
    (loss / accumulation_).backward();

    plugin::StepResult result;
    result.optimizer_stepped = ++accumulated_ == accumulation_;
    if (result.optimizer_stepped) {
      parts.optimizer();
      optimizer.step();
      optimizer.zero_grad();
      accumulated_ = 0;
    }
    result.loss = loss.item<double>();
    return result;
  }

 private:
  plugin::Host host_;
  plugin::DeviceMemory memory_;
  plugin::OperatorNames operator_names_;
  bool operator_spans_;
  int32_t intra_op_threads_;
  int32_t accumulation_;
  int32_t accumulated_ = 0;
};

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_TRAINING_LOOP_H_
