#include "replay/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stallpoint {

double Mean(absl::Span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double StandardDeviation(absl::Span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double Median(std::vector<double> values) { return Quantile(std::move(values), 0.5); }

double Quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

Regression Regress(absl::Span<const double> x, absl::Span<const double> y) {
  Regression line = {.mean_x = Mean(x), .mean_y = Mean(y)};
  double together = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    line.spread += (x[i] - line.mean_x) * (x[i] - line.mean_x);
    together += (x[i] - line.mean_x) * (y[i] - line.mean_y);
  }
  if (line.spread > 0) line.slope = together / line.spread;
  return line;
}

double SquaresAbout(const Regression& line, absl::Span<const double> x, absl::Span<const double> y) {
  double squares = 0;
  for (size_t i = 0; i < x.size(); ++i) squares += (y[i] - line.At(x[i])) * (y[i] - line.At(x[i]));
  return squares;
}

double Correlation(absl::Span<const double> x, absl::Span<const double> y) {
  const Regression line = Regress(x, y);
  double squares = 0;
  for (const double value : y) squares += (value - line.mean_y) * (value - line.mean_y);
  return squares > 0 ? line.slope * std::sqrt(line.spread / squares) : 0;
}

double BlockStandardError(absl::Span<const double> series, size_t period) {
  if (series.size() < 2) return 0;
  constexpr size_t kFewestBlocks = 4, kMostBlocks = 20;
  if (period == 0 || series.size() / period < kFewestBlocks) period = 1;
  const size_t rounds = series.size() / period;
  const size_t blocks = std::min(kMostBlocks, rounds);
  std::vector<double> means(blocks);
  for (size_t b = 0; b < blocks; ++b) {
    const size_t first = b * rounds / blocks * period;
    const size_t last = (b + 1) * rounds / blocks * period;
    means[b] = Mean(series.subspan(first, last - first));
  }
  return StandardDeviation(means) / std::sqrt(static_cast<double>(blocks));
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double TwoSidedZ(double confidence) {
  const double target = 0.5 + std::clamp(confidence, 0.0, 0.999999) / 2;
  double low = 0, high = 6;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (NormalCdf(middle) < target ? low : high) = middle;
  }
  return low;
}

double TwoSidedT(double confidence, double degrees) {
  const double z = TwoSidedZ(confidence), z2 = z * z;
  const double first = z * (z2 + 1) / 4;
  const double second = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  return z + (first + (second + third / degrees) / degrees) / degrees;
}

}  // namespace stallpoint
