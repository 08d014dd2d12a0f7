// PNG files to and from pixels, by libpng.
#ifndef STALLPOINT_PLUGINS_IMAGES_PNG_H_
#define STALLPOINT_PLUGINS_IMAGES_PNG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/images/image.h"

namespace stallpoint::images {

// Whether the bytes begin as those of a PNG file.
bool IsPng(const std::vector<uint8_t>& file);

// Grey, palette and 16-bit files all become RGB, transparent pixels black. `image` keeps its memory between calls.
// Throws SP_DATA_LOSS with `name` for what cannot be decoded, or is cut off.
void DecodePng(const std::vector<uint8_t>& file, const std::string& name, Image* image);

std::vector<uint8_t> EncodePng(const Image& image);

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_PNG_H_
