// Augmentation as image networks train with: a random crop, resized, mirrored half the time, normalised.
#ifndef STALLPOINT_PLUGINS_IMAGES_AUGMENT_H_
#define STALLPOINT_PLUGINS_IMAGES_AUGMENT_H_

#include <cstdint>
#include <vector>

#include "plugins/images/image.h"
#include "plugins/support/keyed_random.h"

namespace stallpoint::images {

// In pixels, inside the image.
struct Crop {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool mirrored = false;
};

// Of `least_area` to all of the image's area, sides 3:4 to 4:3; the middle of the image when none fits.
Crop DrawCrop(int width, int height, double least_area, bundled::KeyedRandom& random);

// Resizes by a triangle filter: bilinear when enlarging, averaging all covered pixels when reducing. One object per
// thread.
class Resizer {
 public:
  // Writes `size` x `size` pixels as three planes of floats, normalised with ImageNet's mean and deviation.
  void Resize(const Image& image, const Crop& crop, int size, float* planes);

 private:
  // For each output pixel of one axis: the first source pixel and the weights from there on.
  struct Axis {
    std::vector<int> first;
    std::vector<int> count;
    std::vector<float> weights;  // `stride` for each output pixel
    int stride = 0;
    void Plan(int source, int size);
  };

  Axis across_;
  Axis down_;
  std::vector<float> rows_;  // source rows, already resized across
};

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_AUGMENT_H_
