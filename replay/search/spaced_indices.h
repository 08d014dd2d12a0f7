// Where to look first along an axis of many values.
#ifndef STALLPOINT_REPLAY_SEARCH_SPACED_INDICES_H_
#define STALLPOINT_REPLAY_SEARCH_SPACED_INDICES_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace stallpoint {

// About `most` of the indices 0 ... count-1, ascending, the first and the last among them: close together at the
// beginning, then ever further apart, because one worker more means less the more there are. All of them when there
// are no more than that.
inline std::vector<size_t> SpacedIndices(size_t count, size_t most) {
  std::vector<size_t> indices;
  const double ratio =
      count <= most || most < 2 ? 1 : std::pow(static_cast<double>(count), 1 / static_cast<double>(most - 1));
  double place = 1;
  for (size_t i = 0; i < count; i = std::max(i + 1, static_cast<size_t>(place) - 1)) {
    indices.push_back(i);
    place = std::max(place, static_cast<double>(i + 1)) * ratio;
  }
  if (count > 0 && indices.back() != count - 1) indices.push_back(count - 1);
  return indices;
}

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_SPACED_INDICES_H_
