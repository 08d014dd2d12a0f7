// Pixels in memory.
#ifndef STALLPOINT_PLUGINS_IMAGES_IMAGE_H_
#define STALLPOINT_PLUGINS_IMAGES_IMAGE_H_

#include <cstdint>
#include <vector>

namespace stallpoint::images {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // rows from the top, 3 bytes a pixel; may be longer than the image
};

// A header may claim any size: what no camera makes is damage, not a reason to ask for gigabytes.
inline constexpr int64_t kMostPixels = int64_t{1} << 28;

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_IMAGE_H_
