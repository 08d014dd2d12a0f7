// Pictures that are as hard to decode as photographs: noise at all scales, gradients, edges; and shapes that tell the
// class, so that a network has something to learn.
#ifndef STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_
#define STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/images/image.h"

namespace stallpoint::images {

// The same arguments give the same picture. `label` is one of `classes`.
Image PaintImage(int width, int height, int64_t label, int64_t classes, uint64_t seed, uint64_t index);

struct PaintedPoint {
  double x = 0;  // in pixels, whose middles are whole numbers
  double y = 0;
};

struct PaintedAnimal {
  Image image;
  std::vector<PaintedPoint> points;  // of kAnimalParts, all inside the image
};

inline const std::vector<std::string> kAnimalParts = {"snout", "leftear", "rightear", "tailbase"};

// An animal seen from above, somewhere in a picture: each body part a disc of a colour of its own.
PaintedAnimal PaintAnimal(int width, int height, uint64_t seed, uint64_t index);

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_
