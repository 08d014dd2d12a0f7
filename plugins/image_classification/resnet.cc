#include "plugins/image_classification/resnet.h"

namespace stallpoint::image_classification {

namespace nn = torch::nn;

namespace {

nn::Conv2d Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

class BasicBlock : public nn::Module {
 public:
  BasicBlock(int64_t in, int64_t out, int64_t stride)
      : body_(register_module("body", nn::Sequential(Convolution(in, out, 3, stride), nn::BatchNorm2d(out), nn::ReLU(),
                                                     Convolution(out, out, 3, 1), nn::BatchNorm2d(out)))) {
    if (in != out || stride != 1) {
      shortcut_ = register_module("shortcut", nn::Sequential(Convolution(in, out, 1, stride), nn::BatchNorm2d(out)));
    }
  }

  torch::Tensor forward(torch::Tensor x) {
    const torch::Tensor shortcut = shortcut_.is_empty() ? x : shortcut_->forward(x);
    return torch::relu(body_->forward(x) + shortcut);
  }

 private:
  nn::Sequential body_;
  nn::Sequential shortcut_ = nullptr;
};

nn::Sequential Stages(int64_t width) {
  nn::Sequential stages;
  int64_t in = width;
  for (int64_t stage = 0; stage < 4; ++stage) {
    const int64_t out = width << stage;
    stages->push_back(BasicBlock(in, out, stage == 0 ? 1 : 2));
    stages->push_back(BasicBlock(out, out, 1));
    in = out;
  }
  return stages;
}

}  // namespace

ResNet18::ResNet18(int64_t width, int64_t classes)
    : stem_(register_module("stem", nn::Sequential(Convolution(3, width, 7, 2), nn::BatchNorm2d(width), nn::ReLU(),
                                                   nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1))))),
      stages_(register_module("stages", Stages(width))),
      classifier_(register_module("classifier", nn::Linear(width << 3, classes))) {}

torch::Tensor ResNet18::forward(torch::Tensor images) {
  const torch::Tensor features = stages_->forward(stem_->forward(images));
  return classifier_->forward(features.mean({2, 3}));
}

}  // namespace stallpoint::image_classification
