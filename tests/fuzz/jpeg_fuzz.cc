// Image files: decoded, or refused by name. At an eighth of the size, so that a header's large claim is cheap to try.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/images/jpeg.h"
#include "stallpoint/plugin/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using stallpoint::images::Image;
  static stallpoint::images::JpegDecoder decoder;
  Image image;
  try {
    decoder.Decode({data, data + size}, "fuzzed.jpg", 8, &image);
  } catch (const stallpoint::plugin::Error& error) {
    if (std::string(error.what()).find("fuzzed.jpg") == std::string::npos) std::abort();
    return 0;
  }
  if (image.width <= 0 || image.height <= 0) std::abort();
  if (image.rgb.size() < 3 * static_cast<size_t>(image.width) * static_cast<size_t>(image.height)) std::abort();
  return 0;
}
