// Image files: decoded, or refused by name.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/images/png.h"
#include "stallpoint/plugin/error.h"

namespace {

// What a header claims is believed up to a size that is cheap to try: bytes 16 to 24 are width and height.
bool ClaimsMuch(const uint8_t* data, size_t size) {
  const auto number = [data](size_t at) {
    return uint64_t{data[at]} << 24 | uint64_t{data[at + 1]} << 16 | uint64_t{data[at + 2]} << 8 | data[at + 3];
  };
  return size >= 24 && number(16) * number(20) > (1 << 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using stallpoint::images::Image;
  if (ClaimsMuch(data, size)) return 0;
  Image image;
  try {
    stallpoint::images::DecodePng({data, data + size}, "fuzzed.png", &image);
  } catch (const stallpoint::plugin::Error& error) {
    if (std::string(error.what()).find("fuzzed.png") == std::string::npos) std::abort();
    return 0;
  }
  if (image.width <= 0 || image.height <= 0) std::abort();
  if (image.rgb.size() < 3 * static_cast<size_t>(image.width) * static_cast<size_t>(image.height)) std::abort();
  return 0;
}
