#include "plugins/image_classification/trainer.h"

#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <optional>

#include "plugins/image_classification/resnet.h"
#include "stallpoint/torch.h"
#include "stallpoint/torch_memory.h"

namespace stallpoint::image_classification {

struct Trainer::Model {
  Model(plugin::Host h, const TrainerSettings& settings, const sp_knobs& knobs)
      : host(h),
        memory(h),
        on_device(std::in_place, memory),
        operator_names(h),
        operator_spans(settings.operator_spans),
        intra_op_threads(knobs.intra_op_threads),
        accumulation(std::max(1, knobs.accumulation)),
        network(settings.width, settings.classes),
        optimizer(network.parameters(), torch::optim::SGDOptions(settings.learning_rate)
                                            .momentum(settings.momentum)
                                            .weight_decay(settings.weight_decay)) {
    on_device.reset();
  }

  plugin::Host host;
  plugin::DeviceMemory memory;
  std::optional<plugin::OnDevice> on_device;  // while the members below are made
  plugin::OperatorNames operator_names;
  bool operator_spans;
  int32_t intra_op_threads;
  int32_t accumulation;
  int32_t accumulated = 0;
  ResNet18 network;
  torch::optim::SGD optimizer;
};

Trainer::Trainer(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs) {
  if (std::string(knobs.device) != "cpu") {
    throw plugin::Error(SP_FAILED_PRECONDITION, "image_classification trains on the device 'cpu', found '" +
                                                    std::string(knobs.device) +
                                                    "'; give --device cpu or --device emulated");
  }
  torch::manual_seed(knobs.seed);
  plugin::UseIntraOpThreads(knobs.intra_op_threads);
  model_ = std::make_unique<Model>(host, settings, knobs);
}

Trainer::~Trainer() = default;

plugin::StepResult Trainer::Step(const plugin::Batch& batch) {
  Model& m = *model_;
  plugin::UseIntraOpThreads(m.intra_op_threads);
  const plugin::OnDevice on_device(m.memory);
  std::optional<plugin::OperatorSpans> spans;
  if (m.operator_spans) spans.emplace(m.operator_names);

  plugin::StepParts parts(m.host);
  parts.forward();
  const torch::Tensor scores = m.network.forward(plugin::TensorOver(batch.tensor(0)));
  const torch::Tensor loss = torch::nn::functional::cross_entropy(scores, plugin::TensorOver(batch.tensor(1)));
  parts.backward();
  (loss / m.accumulation).backward();

  plugin::StepResult result;
  result.optimizer_stepped = ++m.accumulated == m.accumulation;
  if (result.optimizer_stepped) {
    parts.optimizer();
    m.optimizer.step();
    m.optimizer.zero_grad();
    m.accumulated = 0;
  }
  result.loss = loss.item<double>();
  return result;
}

std::string BuildFingerprint() { return plugin::TorchFingerprint(); }

}  // namespace stallpoint::image_classification
