// JPEG files to and from pixels, by libjpeg-turbo. One object per thread.
#ifndef STALLPOINT_PLUGINS_IMAGES_JPEG_H_
#define STALLPOINT_PLUGINS_IMAGES_JPEG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/images/image.h"

namespace stallpoint::images {

class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();

  // Colour, grey and CMYK files all become RGB. `scale_denominator` (1, 2, 4, 8) decodes at a fraction of the size.
  // `image` keeps its memory between calls. Throws SP_DATA_LOSS with `name` for what cannot be decoded, or is cut off.
  void Decode(const std::vector<uint8_t>& file, const std::string& name, int scale_denominator, Image* image);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::vector<uint8_t> cmyk_;
};

// At `quality` 1 to 100, chroma at half resolution as cameras write it.
std::vector<uint8_t> EncodeJpeg(const Image& image, int quality);

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_JPEG_H_
