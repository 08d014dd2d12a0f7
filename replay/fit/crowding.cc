#include "replay/fit/crowding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stallpoint {
namespace {

constexpr double kKnotsPerDoubling = 4;
// What is usual to lose of a run that was never seen crowded, and by how much one count of workers differs from another
// (tools/bench/predict: 2 to 10 workers on 2 cores). Standard deviations.
constexpr double kUsualLoss = 0.05, kDiffers = 0.05;
// Doublings over which that changes: exp(-1/2) of it is still the same.
constexpr double kLengthInDoublings = 0.5;

}  // namespace

Crowding::Crowding() {
  for (size_t a = 0; a < kKnots; ++a) {
    for (size_t b = 0; b < kKnots; ++b) {
      const double doublings =
          (static_cast<double>(a) - static_cast<double>(b)) / kKnotsPerDoubling / kLengthInDoublings;
      covariance_[a][b] = kUsualLoss * kUsualLoss + kDiffers * kDiffers * std::exp(-doublings * doublings / 2);
    }
  }
}

size_t Crowding::KnotOf(double workers_per_core) {
  const double knot = std::log2(std::max(1.0, workers_per_core)) * kKnotsPerDoubling;
  return std::min(kKnots - 1, static_cast<size_t>(std::lround(knot)));
}

double Crowding::Loss(double workers_per_core) const {
  return std::clamp(mean_[KnotOf(workers_per_core)], 0.0, kLargestLoss);
}

double Crowding::Error(double workers_per_core) const {
  const size_t knot = KnotOf(workers_per_core);
  return std::sqrt(std::max(0.0, covariance_[knot][knot]));
}

double Crowding::Observe(double workers_per_core, double slope, double value, double error) {
  const size_t at = KnotOf(workers_per_core);
  const double variance = slope * slope * covariance_[at][at] + error * error;
  if (variance <= 0) return 0;
  std::array<double, kKnots> gain;
  for (size_t a = 0; a < kKnots; ++a) gain[a] = slope * covariance_[a][at] / variance;
  const double surprise = value - slope * mean_[at];
  const std::array<double, kKnots> row = covariance_[at];
  for (size_t a = 0; a < kKnots; ++a) {
    mean_[a] += gain[a] * surprise;
    for (size_t b = 0; b < kKnots; ++b) covariance_[a][b] -= gain[a] * slope * row[b];
  }
  return -(surprise * surprise / variance + std::log(2 * std::numbers::pi * variance)) / 2;
}

}  // namespace stallpoint
