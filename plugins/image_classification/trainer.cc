#include "plugins/image_classification/trainer.h"

#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>

#include "plugins/image_classification/resnet.h"
#include "plugins/support/training_loop.h"

namespace stallpoint::image_classification {

struct Trainer::Model {
  Model(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs)
      : leak_bytes(settings.leak_bytes),
        loop(host, knobs, settings.operator_spans),
        network(loop.OnDevice<ResNet18>(settings.width, settings.classes)),
        optimizer(network.parameters(), torch::optim::SGDOptions(settings.learning_rate)
                                            .momentum(settings.momentum)
                                            .weight_decay(settings.weight_decay)) {}

  int64_t leak_bytes;
  bundled::TrainingLoop loop;
  ResNet18 network;
  torch::optim::SGD optimizer;
};

Trainer::Trainer(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs)
    : model_(std::make_unique<Model>(host, settings, knobs)) {}

Trainer::~Trainer() = default;

plugin::StepResult Trainer::Step(const plugin::Batch& batch) {
  const bundled::TrainingLoop& loop = model_->loop;
  model_->loop.Lose(model_->leak_bytes * batch.samples());
  return model_->loop.Step(model_->optimizer, [&] {
    const torch::Tensor scores = model_->network.forward(loop.TensorOver(batch.tensor(0)));
    return torch::nn::functional::cross_entropy(scores, loop.TensorOver(batch.tensor(1)));
  });
}

std::string BuildFingerprint() { return plugin::TorchFingerprint(); }

}  // namespace stallpoint::image_classification
