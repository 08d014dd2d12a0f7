// Small statistics that the fit and the intervals share. Pure functions; any thread. Empty input gives 0.
#ifndef STALLPOINT_REPLAY_STATISTICS_H_
#define STALLPOINT_REPLAY_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace stallpoint {

double Mean(absl::Span<const double> values);
// Of a sample, with n - 1; 0 of a single value.
double StandardDeviation(absl::Span<const double> values);
double Median(std::vector<double> values);
// Linear interpolation between order statistics; `fraction` in [0, 1].
double Quantile(std::vector<double> values, double fraction);

// Ordinary least squares of y over x, of the same length.
struct Regression {
  double mean_x = 0, mean_y = 0;
  double slope = 0;   // 0 when all x are the same
  double spread = 0;  // sum of the squares of x about its mean

  double At(double x) const { return mean_y + slope * (x - mean_x); }
};
Regression Regress(absl::Span<const double> x, absl::Span<const double> y);
// Sum of the squares of what `line` leaves of y.
double SquaresAbout(const Regression& line, absl::Span<const double> x, absl::Span<const double> y);

// Pearson's, of pairs; 0 where either side is all the same.
double Correlation(absl::Span<const double> x, absl::Span<const double> y);

// Standard error of the mean of a correlated series, by the method of batch means (Law & Kelton, "Simulation Modeling
// and Analysis"): the series is cut into about 20 consecutive blocks, whose means are nearly independent. `period`:
// what repeats itself so often, as the turns of workers do, is scatter within a block and not between blocks.
double BlockStandardError(absl::Span<const double> series, size_t period = 1);

// Standard normal quantile of the upper end of a two-sided interval: 1.2816 for 0.8.
double TwoSidedZ(double confidence);
// The same of Student's t, of at least 2 degrees of freedom: Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5), to
// 1.3 % at 2 degrees and 0.1 % from 4 on for 0.9.
double TwoSidedT(double confidence, double degrees);
// P(X <= x) of the standard normal.
double NormalCdf(double x);

// SplitMix64 (Steele, Lea, Flood 2014) of a pair: draws keyed by what they are for, never by the order of calls.
inline uint64_t Hash(uint64_t seed, uint64_t index) {
  uint64_t z = seed * 0xD1342543DE82EF95u + index * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Uniform index in [0, count) from 64 random bits (Lemire's multiplication).
inline size_t Pick(uint64_t bits, size_t count) {
  return static_cast<size_t>((static_cast<unsigned __int128>(bits) * count) >> 64);
}

// Uniform in (0, 1) from 64 random bits.
inline double Uniform(uint64_t bits) { return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53; }

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_STATISTICS_H_
