#include "plugins/pose_estimation/trainer.h"

#include <torch/optim/adam.h>

#include "plugins/pose_estimation/network.h"
#include "plugins/support/training_loop.h"

namespace stallpoint::pose_estimation {

struct Trainer::Model {
  Model(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs)
      : leak_bytes(settings.leak_bytes),
        loop(host, knobs, settings.operator_spans),
        network(loop.OnDevice<HeatMapNetwork>(settings.width, settings.parts)),
        optimizer(network.parameters(),
                  torch::optim::AdamOptions(settings.learning_rate).weight_decay(settings.weight_decay)) {}

  int64_t leak_bytes;
  bundled::TrainingLoop loop;
  HeatMapNetwork network;
  torch::optim::Adam optimizer;
};

Trainer::Trainer(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs)
    : model_(std::make_unique<Model>(host, settings, knobs)) {}

Trainer::~Trainer() = default;

plugin::StepResult Trainer::Step(const plugin::Batch& batch) {
  const bundled::TrainingLoop& loop = model_->loop;
  model_->loop.Lose(model_->leak_bytes * batch.samples());
  return model_->loop.Step(model_->optimizer, [&] {
    const torch::Tensor wanted = loop.TensorOver(batch.tensor(1));
    const torch::Tensor counts = loop.TensorOver(batch.tensor(2)).unsqueeze(-1).unsqueeze(-1);
    const torch::Tensor answered = model_->network.forward(loop.TensorOver(batch.tensor(0)));
    // A batch without any keypoint has nothing to be a share of; what it holds is never below a keypoint's otherwise.
    return ((answered - wanted).square() * counts).sum() / wanted.square().sum().clamp_min(1e-3);
  });
}

std::string BuildFingerprint() { return plugin::TorchFingerprint(); }

}  // namespace stallpoint::pose_estimation
