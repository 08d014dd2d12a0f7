// Trains the network: all of the workload that is LibTorch. Made on the control thread, stepped on the step thread.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_TRAINER_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/workload.h"

namespace stallpoint::pose_estimation {

struct TrainerSettings {
  int64_t width = 32;
  int64_t parts = 1;
  double learning_rate = 1e-3;
  double weight_decay = 0;
  bool operator_spans = true;
  int64_t leak_bytes = 0;  // of the device, for each sample
};

class Trainer {
 public:
  // The same seed gives the same network. Throws when LibTorch cannot use the device.
  Trainer(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs);
  ~Trainer();

  // Tensor 0 of the batch is images [n, 3, size, size], tensor 1 heat maps [n, parts, size / 4, size / 4], tensor 2 how
  // much each map counts [n, parts]; all float32. The loss is the squared error over the maps that count, as a share of
  // what they hold: 1 for a network that answers nothing, 0 for the maps themselves.
  plugin::StepResult Step(const plugin::Batch& batch);

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

// What the plugin was built with.
std::string BuildFingerprint();

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_TRAINER_H_
