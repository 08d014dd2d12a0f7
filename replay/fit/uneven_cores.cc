#include "replay/fit/uneven_cores.h"

#include <algorithm>
#include <cmath>

namespace stallpoint {
namespace {

constexpr double kLeastSlowness = 0.2;

// The slowest of so many draws from a uniform distribution of mean 0 and standard deviation 1.
struct Slowest {
  double mean = 0, error = 0;
};
Slowest SlowestOf(int32_t workers) {
  const double n = workers;
  return {std::sqrt(3.0) * (n - 1) / (n + 1), std::sqrt(12.0 * n / (n + 2)) / (n + 1)};
}

std::vector<double> Spread(double spread, int32_t workers) {
  if (workers < 2 || spread <= 0) return {};
  std::vector<double> slowness;
  for (int32_t w = 1; w <= workers; ++w) {
    const double place = 2.0 * w / (workers + 1) - 1;
    slowness.push_back(std::max(kLeastSlowness, 1 + std::sqrt(3.0) * spread * place));
  }
  return slowness;
}

}  // namespace

// The variance of the mean of an Ornstein-Uhlenbeck process (Gillespie 1996, "Exact numerical simulation").
double UnevenCores::Over(double ns) const {
  const double x = std::max(0.0, ns) / lasts_ns;
  if (x < 1e-3) return spread;
  return spread * std::sqrt(2 / x * (1 - (1 - std::exp(-x)) / x));
}

std::vector<double> UnevenCores::Slowness(int32_t workers, double ahead_ns) const {
  return Spread(Over(ahead_ns), workers);
}

std::vector<double> UnevenCores::SlownessAt(int32_t workers, double ahead_ns, double run_ns, double errors,
                                            double error) const {
  if (workers < 2 || spread <= 0) return {};
  const Slowest slowest = SlowestOf(workers);
  const double beyond = std::hypot(error, errors * Over(run_ns) * slowest.error) - std::abs(error);
  return Spread(std::max(0.0, Over(ahead_ns) + std::copysign(beyond, errors) / slowest.mean), workers);
}

double UnevenCores::Fastest() const { return std::max(kLeastSlowness, 1 - std::sqrt(3.0) * spread); }

}  // namespace stallpoint
