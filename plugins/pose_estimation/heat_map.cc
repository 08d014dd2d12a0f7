#include "plugins/pose_estimation/heat_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace stallpoint::pose_estimation {

std::vector<Keypoint> PlaceOnMap(const std::vector<Keypoint>& keypoints, const images::Crop& crop, int size,
                                 const std::vector<int>& counterparts) {
  std::vector<Keypoint> placed;
  for (const Keypoint& keypoint : keypoints) {
    // From 0 to 1 across the crop; the middle of a pixel is half a pixel from its edge.
    double across = (keypoint.x + 0.5 - crop.x) / crop.width;
    const double down = (keypoint.y + 0.5 - crop.y) / crop.height;
    if (across < 0 || across >= 1 || down < 0 || down >= 1) continue;
    if (crop.mirrored) across = 1 - across;
    const int part = crop.mirrored ? counterparts[static_cast<size_t>(keypoint.part)] : keypoint.part;
    placed.push_back({part, across * size - 0.5, down * size - 0.5});
  }
  return placed;
}

void DrawHeatMaps(const std::vector<Keypoint>& on_map, int parts, int size, double sigma, float* maps, float* weights) {
  const auto map_floats = static_cast<size_t>(size) * static_cast<size_t>(size);
  std::fill_n(maps, static_cast<size_t>(parts) * map_floats, 0.0F);
  std::fill_n(weights, parts, 0.0F);
  const double reach = 3 * sigma;
  for (const Keypoint& keypoint : on_map) {
    weights[keypoint.part] = 1;
    float* map = maps + static_cast<size_t>(keypoint.part) * map_floats;
    const int top = std::max(0, static_cast<int>(std::ceil(keypoint.y - reach)));
    const int bottom = std::min(size - 1, static_cast<int>(std::floor(keypoint.y + reach)));
    const int left = std::max(0, static_cast<int>(std::ceil(keypoint.x - reach)));
    const int right = std::min(size - 1, static_cast<int>(std::floor(keypoint.x + reach)));
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        const double distance = std::hypot(x - keypoint.x, y - keypoint.y) / sigma;
        float& value = map[static_cast<ptrdiff_t>(y) * size + x];
        value = std::max(value, static_cast<float>(std::exp(-distance * distance / 2)));
      }
    }
  }
}

}  // namespace stallpoint::pose_estimation
