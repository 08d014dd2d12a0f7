// Trains the network: all of the workload that is LibTorch. Made on the control thread, stepped on the step thread.
#ifndef STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_TRAINER_H_
#define STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/workload.h"

namespace stallpoint::image_classification {

struct TrainerSettings {
  int64_t width = 64;
  int64_t classes = 2;
  double learning_rate = 0.02;
  double momentum = 0.9;
  double weight_decay = 1e-4;
  bool operator_spans = true;
  int64_t leak_bytes = 0;  // of the device, for each sample
};

class Trainer {
 public:
  // The same seed gives the same network. Throws when LibTorch cannot use the device.
  Trainer(plugin::Host host, const TrainerSettings& settings, const sp_knobs& knobs);
  ~Trainer();

  // Tensor 0 of the batch is images [n, 3, size, size] as float32, tensor 1 labels [n] as int64.
  plugin::StepResult Step(const plugin::Batch& batch);

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

// What the plugin was built with.
std::string BuildFingerprint();

}  // namespace stallpoint::image_classification

#endif  // STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_TRAINER_H_
