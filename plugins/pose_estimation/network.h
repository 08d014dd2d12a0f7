// A convolutional encoder and decoder: down to a sixteenth of the image, up to a quarter, with what the way down saw
// joined in at each step.
//
// Header-only: whatever includes LibTorch compiles for long, so the trainer alone does.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_NETWORK_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_NETWORK_H_

#include <torch/nn.h>

#include <cstdint>
#include <memory>

namespace stallpoint::pose_estimation {

inline torch::nn::Sequential ConvolutionBlock(int64_t in, int64_t out, int64_t stride) {
  using namespace torch::nn;
  return Sequential(Conv2d(Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)), BatchNorm2d(out), ReLU());
}

// Half the resolution, twice the channels.
inline torch::nn::Sequential Down(int64_t in) {
  torch::nn::Sequential block = ConvolutionBlock(in, 2 * in, 2);
  block->extend(*ConvolutionBlock(2 * in, 2 * in, 1));
  return block;
}

// Twice the resolution, half the channels, joined with what the encoder had at that resolution.
class Up : public torch::nn::Module {
 public:
  explicit Up(int64_t in)
      : enlarge_(register_module(
            "enlarge", torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, in / 2, 2).stride(2)))),
        join_(register_module("join", ConvolutionBlock(in, in / 2, 1))) {}

  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& encoded) {
    return join_->forward(torch::cat({enlarge_->forward(x), encoded}, 1));
  }

 private:
  torch::nn::ConvTranspose2d enlarge_;
  torch::nn::Sequential join_;
};

class HeatMapNetwork : public torch::nn::Module {
 public:
  // `width`: channels at half the resolution.
  HeatMapNetwork(int64_t width, int64_t parts)
      : half_(register_module("half", ConvolutionBlock(3, width, 2))),
        quarter_(register_module("quarter", Down(width))),
        eighth_(register_module("eighth", Down(2 * width))),
        sixteenth_(register_module("sixteenth", Down(4 * width))),
        up_to_eighth_(register_module("up_to_eighth", std::make_shared<Up>(8 * width))),
        up_to_quarter_(register_module("up_to_quarter", std::make_shared<Up>(4 * width))),
        heat_maps_(register_module("heat_maps", torch::nn::Conv2d(torch::nn::Conv2dOptions(2 * width, parts, 1)))) {
    // It begins by answering nothing, so that the first losses are not those of noise.
    torch::nn::init::zeros_(heat_maps_->weight);
    torch::nn::init::zeros_(heat_maps_->bias);
  }

  // Images [n, 3, size, size], the size a multiple of 16, to heat maps [n, parts, size / 4, size / 4].
  torch::Tensor forward(const torch::Tensor& images) {
    const torch::Tensor quarter = quarter_->forward(half_->forward(images));
    const torch::Tensor eighth = eighth_->forward(quarter);
    const torch::Tensor decoded = up_to_eighth_->forward(sixteenth_->forward(eighth), eighth);
    return heat_maps_->forward(up_to_quarter_->forward(decoded, quarter));
  }

 private:
  torch::nn::Sequential half_;
  torch::nn::Sequential quarter_;
  torch::nn::Sequential eighth_;
  torch::nn::Sequential sixteenth_;
  std::shared_ptr<Up> up_to_eighth_;
  std::shared_ptr<Up> up_to_quarter_;
  torch::nn::Conv2d heat_maps_;
};

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_NETWORK_H_
