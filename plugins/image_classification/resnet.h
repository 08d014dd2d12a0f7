// ResNet-18: a stem, four stages of two basic blocks, each stage half the resolution and twice the channels, one linear
// layer.
#ifndef STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_
#define STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_

#include <torch/nn.h>

#include <cstdint>

namespace stallpoint::image_classification {

class ResNet18 : public torch::nn::Module {
 public:
  // `width`: channels of the first stage, 64 in the published network.
  ResNet18(int64_t width, int64_t classes);

  // Images [n, 3, size, size] to scores [n, classes].
  torch::Tensor forward(torch::Tensor images);

 private:
  torch::nn::Sequential stem_;
  torch::nn::Sequential stages_;
  torch::nn::Linear classifier_;
};

}  // namespace stallpoint::image_classification

#endif  // STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_
