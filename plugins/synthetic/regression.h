// A linear regression fitted by stochastic gradient descent: the smallest training step whose loss is a real one.
#ifndef STALLPOINT_PLUGINS_SYNTHETIC_REGRESSION_H_
#define STALLPOINT_PLUGINS_SYNTHETIC_REGRESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace stallpoint::synthetic {

inline constexpr size_t kFeatures = 16;
using Features = std::array<float, kFeatures>;

// What the target of a sample with these features is, without noise.
inline float TrueTarget(const float* features) {
  float target = 0;
  for (size_t i = 0; i < kFeatures; ++i) target += features[i] * (i % 2 == 0 ? 1.0F : -0.5F);
  return target;
}

class Regression {
 public:
  explicit Regression(double learning_rate) : learning_rate_(static_cast<float>(learning_rate)) {}

  // Mean squared error over the batch; the error of each sample is kept for Backward. Rows are `stride` floats apart.
  double Forward(const float* rows, const float* targets, int64_t count, int64_t stride, float* errors) const {
    double squares = 0;
    for (int64_t i = 0; i < count; ++i) {
      float predicted = 0;
      for (size_t f = 0; f < kFeatures; ++f) predicted += weights_[f] * rows[i * stride + static_cast<int64_t>(f)];
      errors[i] = predicted - targets[i];
      squares += static_cast<double>(errors[i]) * errors[i];
    }
    return squares / static_cast<double>(count);
  }

  // Adds the gradient of that error.
  void Backward(const float* rows, const float* errors, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) {
      const float scale = 2 * errors[i] / static_cast<float>(count);
      for (size_t f = 0; f < kFeatures; ++f) gradient_[f] += scale * rows[i * stride + static_cast<int64_t>(f)];
    }
  }

  // Moves along the mean of the gradients added since the last call.
  void Step(int32_t batches) {
    for (size_t f = 0; f < kFeatures; ++f) {
      weights_[f] -= learning_rate_ * gradient_[f] / static_cast<float>(batches);
      gradient_[f] = 0;
    }
  }

 private:
  float learning_rate_;
  Features weights_ = {};
  Features gradient_ = {};
};

}  // namespace stallpoint::synthetic

#endif  // STALLPOINT_PLUGINS_SYNTHETIC_REGRESSION_H_
