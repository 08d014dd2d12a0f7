#include "plugins/images/augment.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace stallpoint::images {

Crop DrawCrop(int width, int height, double least_area, bundled::KeyedRandom& random) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(width) * height;
  Crop crop;
  for (int i = 0; i < kTries; ++i) {
    const double wanted = area * random.uniform(least_area, 1);
    const double ratio = std::exp(random.uniform(std::log(3.0 / 4), std::log(4.0 / 3)));
    crop.width = static_cast<int>(std::lround(std::sqrt(wanted * ratio)));
    crop.height = static_cast<int>(std::lround(std::sqrt(wanted / ratio)));
    if (crop.width < 1 || crop.height < 1 || crop.width > width || crop.height > height) continue;
    crop.x = static_cast<int>(random.uniform() * (width - crop.width + 1));
    crop.y = static_cast<int>(random.uniform() * (height - crop.height + 1));
    crop.mirrored = random.uniform() < 0.5;
    return crop;
  }
  crop.width = std::min(width, std::max(1, height * 4 / 3));
  crop.height = std::min(height, std::max(1, width * 4 / 3));
  crop.x = (width - crop.width) / 2;
  crop.y = (height - crop.height) / 2;
  crop.mirrored = random.uniform() < 0.5;
  return crop;
}

void Resizer::Axis::Plan(int source, int size) {
  const double scale = static_cast<double>(source) / size;
  const double reach = std::max(1.0, scale);
  stride = static_cast<int>(std::ceil(reach)) * 2 + 1;
  first.resize(static_cast<size_t>(size));
  count.resize(static_cast<size_t>(size));
  weights.assign(static_cast<size_t>(size) * static_cast<size_t>(stride), 0);
  for (int i = 0; i < size; ++i) {
    const double centre = (i + 0.5) * scale;
    const int low = std::clamp(static_cast<int>(std::lround(centre - reach)), 0, source - 1);
    const int high = std::clamp(static_cast<int>(std::lround(centre + reach)), low + 1, std::min(source, low + stride));
    float* weight = &weights[static_cast<size_t>(i) * static_cast<size_t>(stride)];
    float total = 0;
    for (int j = low; j < high; ++j) {
      weight[j - low] = static_cast<float>(std::max(0.0, 1 - std::abs(j + 0.5 - centre) / reach));
      total += weight[j - low];
    }
    for (int j = low; j < high; ++j) weight[j - low] /= total;
    first[static_cast<size_t>(i)] = low;
    count[static_cast<size_t>(i)] = high - low;
  }
}

void Resizer::Resize(const Image& image, const Crop& crop, int size, float* planes) {
  constexpr float kMean[] = {0.485F * 255, 0.456F * 255, 0.406F * 255};
  constexpr float kDeviation[] = {0.229F * 255, 0.224F * 255, 0.225F * 255};
  across_.Plan(crop.width, size);
  down_.Plan(crop.height, size);
  const auto row_floats = static_cast<size_t>(size) * 3;
  rows_.resize(static_cast<size_t>(crop.height) * row_floats);

  for (int y = 0; y < crop.height; ++y) {
    const uint8_t* source =
        &image.rgb[(static_cast<size_t>(crop.y + y) * static_cast<size_t>(image.width) + static_cast<size_t>(crop.x)) *
                   3];
    float* row = &rows_[static_cast<size_t>(y) * row_floats];
    for (int x = 0; x < size; ++x) {
      const float* weight = &across_.weights[static_cast<size_t>(x) * static_cast<size_t>(across_.stride)];
      const uint8_t* pixel = source + static_cast<ptrdiff_t>(across_.first[static_cast<size_t>(x)]) * 3;
      float sum[3] = {};
      for (int j = 0; j < across_.count[static_cast<size_t>(x)]; ++j, pixel += 3) {
        for (int c = 0; c < 3; ++c) sum[c] += weight[j] * pixel[c];
      }
      std::copy_n(sum, 3, row + static_cast<ptrdiff_t>(x) * 3);
    }
  }

  std::vector<float> line(row_floats);
  for (int y = 0; y < size; ++y) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (int j = 0; j < down_.count[static_cast<size_t>(y)]; ++j) {
      const float weight =
          down_.weights[static_cast<size_t>(y) * static_cast<size_t>(down_.stride) + static_cast<size_t>(j)];
      const float* row = &rows_[static_cast<size_t>(down_.first[static_cast<size_t>(y)] + j) * row_floats];
      for (size_t i = 0; i < row_floats; ++i) line[i] += weight * row[i];
    }
    for (int x = 0; x < size; ++x) {
      const int from = crop.mirrored ? size - 1 - x : x;
      for (int c = 0; c < 3; ++c) {
        planes[(static_cast<ptrdiff_t>(c) * size + y) * size + x] =
            (line[static_cast<size_t>(from) * 3 + static_cast<size_t>(c)] - kMean[c]) / kDeviation[c];
      }
    }
  }
}

}  // namespace stallpoint::images
