// Whether the labels move as the pixels do.
#include "plugins/pose_estimation/heat_map.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.h"
#include "plugins/images/augment.h"
#include "plugins/images/image.h"
#include "plugins/support/keyed_random.h"

namespace stallpoint::pose_estimation {
namespace {

using images::Crop;
using images::Image;

struct Peak {
  int x;
  int y;
  float height;
};

Peak PeakOf(const float* map, int size) {
  const auto at = std::max_element(map, map + static_cast<ptrdiff_t>(size) * size) - map;
  return {static_cast<int>(at % size), static_cast<int>(at / size), map[at]};
}

struct Drawn {
  Drawn(const std::vector<Keypoint>& on_map, int parts, int size, double sigma)
      : maps(static_cast<size_t>(parts * size * size), -1), weights(static_cast<size_t>(parts), -1) {
    DrawHeatMaps(on_map, parts, size, sigma, maps.data(), weights.data());
  }
  std::vector<float> maps;
  std::vector<float> weights;
};

}  // namespace

TEST_CASE("a heat map is one at its keypoint and falls as a bell of the width asked for") {
  const Drawn drawn({{0, 10, 20}}, 1, 32, 2);
  const Peak peak = PeakOf(drawn.maps.data(), 32);
  CHECK(peak.x == 10);
  CHECK(peak.y == 20);
  CHECK(peak.height == 1);
  CHECK(drawn.maps[20 * 32 + 12] == Approx(std::exp(-0.5)));
  CHECK(drawn.maps[22 * 32 + 10] == Approx(std::exp(-0.5)));
  CHECK(drawn.maps[20 * 32 + 17] == 0);
}

TEST_CASE("a missing keypoint leaves an empty map that does not count") {
  const Drawn drawn({{1, 3, 3}}, 3, 16, 1.5);
  CHECK(drawn.weights == std::vector<float>{0, 1, 0});
  CHECK(std::all_of(drawn.maps.begin(), drawn.maps.begin() + 16 * 16, [](float value) { return value == 0; }));
}

TEST_CASE("the keypoints of two animals share their body part's map") {
  const Drawn drawn({{0, 4, 4}, {0, 6, 4}}, 1, 16, 1.5);
  CHECK(drawn.maps[4 * 16 + 4] == 1);
  CHECK(drawn.maps[4 * 16 + 6] == 1);
  CHECK(drawn.maps[4 * 16 + 5] < 1);
}

TEST_CASE("a keypoint at the edge, or far outside, writes within its map") {
  const Drawn drawn({{0, -0.5, -0.5}, {0, 15.4, 15.4}, {0, 1e9, -1e9}}, 1, 16, 1.5);
  CHECK(drawn.maps[0] > 0.7);
  CHECK(drawn.maps[16 * 16 - 1] > 0.7);
}

TEST_CASE("keypoints that a crop cuts off do not count") {
  const Crop crop = {100, 50, 40, 20, false};
  const std::vector<Keypoint> placed =
      PlaceOnMap({{0, 100, 50}, {1, 99, 60}, {2, 140, 60}, {3, 139, 69}, {4, 120, 70}}, crop, 10, {0, 1, 2, 3, 4});
  REQUIRE(placed.size() == 2);
  CHECK(placed[0].part == 0);
  CHECK(placed[1].part == 3);
}

TEST_CASE("in a mirror a keypoint keeps its body part, or takes that of its counterpart where pairs are known") {
  const Crop crop = {0, 0, 100, 100, true};
  const std::vector<Keypoint> ears = {{0, 10, 40}, {1, 20, 40}};
  CHECK(PlaceOnMap(ears, crop, 100, {0, 1})[0].part == 0);
  const std::vector<Keypoint> exchanged = PlaceOnMap(ears, crop, 100, {1, 0});
  CHECK(exchanged[0].part == 1);
  CHECK(exchanged[0].x == Approx(89));
  CHECK(exchanged[1].part == 0);
}

TEST_CASE("a bright spot and its label land on the same place, however the frame is cropped, mirrored and resized") {
  constexpr int kSize = 64;
  bundled::KeyedRandom random(1, "spots", 0);
  int seen = 0;
  int mirrored = 0;
  for (int round = 0; round < 60; ++round) {
    const Keypoint spot = {0, std::floor(random.uniform(6, 194)), std::floor(random.uniform(6, 144))};
    Image frame = {200, 150, std::vector<uint8_t>(size_t{200} * 150 * 3, 0)};
    // As wide as several pixels of the output, so that its middle can be told.
    for (int dy = -4; dy <= 4; ++dy) {
      for (int dx = -4; dx <= 4; ++dx) {
        const int pixel = (static_cast<int>(spot.y) + dy) * 200 + static_cast<int>(spot.x) + dx;
        std::fill_n(frame.rgb.begin() + 3 * pixel, 3, static_cast<uint8_t>(255));
      }
    }
    const Crop crop = images::DrawCrop(200, 150, 0.3, random);
    const bool whole = spot.x - 4 >= crop.x && spot.x + 4 < crop.x + crop.width && spot.y - 4 >= crop.y &&
                       spot.y + 4 < crop.y + crop.height;
    if (!whole) continue;

    std::vector<float> planes(size_t{3} * kSize * kSize);
    images::Resizer resizer;
    resizer.Resize(frame, crop, kSize, planes.data());
    const float dark = *std::min_element(planes.begin(), planes.begin() + kSize * kSize);
    double light = 0;
    double x = 0;
    double y = 0;
    for (int row = 0; row < kSize; ++row) {
      for (int column = 0; column < kSize; ++column) {
        const double brightness = planes.data()[row * kSize + column] - dark;
        light += brightness;
        x += brightness * column;
        y += brightness * row;
      }
    }
    const std::vector<Keypoint> placed = PlaceOnMap({spot}, crop, kSize, {0});
    REQUIRE(placed.size() == 1);
    INFO("crop " << crop.x << "," << crop.y << " " << crop.width << "x" << crop.height << " mirrored "
                 << crop.mirrored);
    CHECK(placed[0].x == Approx(x / light).margin(0.25));
    CHECK(placed[0].y == Approx(y / light).margin(0.25));
    ++seen;
    mirrored += crop.mirrored ? 1 : 0;
  }
  CHECK(seen > 20);
  CHECK(mirrored > 5);
}

}  // namespace stallpoint::pose_estimation
