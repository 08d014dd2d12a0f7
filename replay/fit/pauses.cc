#include "replay/fit/pauses.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace stallpoint {
namespace {

constexpr double kApart = 5;
constexpr size_t kPauses = 2;
// Too few values tell nothing of what is usual.
constexpr size_t kValuesForEach = 20;

}  // namespace

size_t MostPaused(int32_t workers, size_t values) {
  return std::min(kPauses * static_cast<size_t>(std::max(1, workers)), values / kValuesForEach);
}

double LongestUnpaused(std::vector<double> values, size_t most) {
  const size_t largest = std::min(most + 1, values.size());
  std::partial_sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(largest), values.end(),
                    std::greater<>());
  for (size_t k = largest; k-- > 1;) {
    if (values[k - 1] > kApart * values[k]) return values[k];
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace stallpoint
