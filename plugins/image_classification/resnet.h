// ResNet-18: a stem, four stages of two basic blocks, each stage half the resolution and twice the channels, one linear
// layer.
//
// Header-only: whatever includes LibTorch compiles for long, so the trainer alone does.
#ifndef STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_
#define STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_

#include <torch/nn.h>

#include <cstdint>

namespace stallpoint::image_classification {

inline torch::nn::Conv2d Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

class BasicBlock : public torch::nn::Module {
 public:
  BasicBlock(int64_t in, int64_t out, int64_t stride) {
    using torch::nn::BatchNorm2d;
    body_ = register_module("body",
                            torch::nn::Sequential(Convolution(in, out, 3, stride), BatchNorm2d(out), torch::nn::ReLU(),
                                                  Convolution(out, out, 3, 1), BatchNorm2d(out)));
    if (in != out || stride != 1) {
      shortcut_ = register_module("shortcut", torch::nn::Sequential(Convolution(in, out, 1, stride), BatchNorm2d(out)));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return torch::relu(body_->forward(x) + (shortcut_.is_empty() ? x : shortcut_->forward(x)));
  }

 private:
  torch::nn::Sequential body_ = nullptr;
  torch::nn::Sequential shortcut_ = nullptr;
};

class ResNet18 : public torch::nn::Module {
 public:
  // `width`: channels of the first stage, 64 in the published network.
  ResNet18(int64_t width, int64_t classes)
      : classifier_(register_module("classifier", torch::nn::Linear(width << 3, classes))) {
    using torch::nn::MaxPool2dOptions;
    stem_->push_back(Convolution(3, width, 7, 2));
    stem_->push_back(torch::nn::BatchNorm2d(width));
    stem_->push_back(torch::nn::ReLU());
    stem_->push_back(torch::nn::MaxPool2d(MaxPool2dOptions(3).stride(2).padding(1)));
    register_module("stem", stem_);

    int64_t in = width;
    for (int64_t stage = 0; stage < 4; ++stage) {
      const int64_t out = width << stage;
      stages_->push_back(BasicBlock(in, out, stage == 0 ? 1 : 2));
      stages_->push_back(BasicBlock(out, out, 1));
      in = out;
    }
    register_module("stages", stages_);
  }

  // Images [n, 3, size, size] to scores [n, classes].
  torch::Tensor forward(const torch::Tensor& images) {
    const torch::Tensor features = stages_->forward(stem_->forward(images));
    return classifier_->forward(features.mean({2, 3}));
  }

 private:
  torch::nn::Sequential stem_;
  torch::nn::Sequential stages_;
  torch::nn::Linear classifier_;
};

}  // namespace stallpoint::image_classification

#endif  // STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_RESNET_H_
