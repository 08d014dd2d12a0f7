// Pictures that are as hard to decode as photographs: noise at all scales, gradients, edges; and shapes that tell the
// class, so that a network has something to learn.
#ifndef STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_
#define STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_

#include <cstdint>

#include "plugins/images/image.h"

namespace stallpoint::images {

// The same arguments give the same picture. `label` is one of `classes`.
Image PaintImage(int width, int height, int64_t label, int64_t classes, uint64_t seed, uint64_t index);

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_MAKE_IMAGES_PAINTER_H_
