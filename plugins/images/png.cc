#include "plugins/images/png.h"

#include <png.h>

#include <algorithm>
#include <cstddef>

#include "stallpoint/plugin/error.h"

namespace stallpoint::images {
namespace {

// libpng's state for one image; what it holds is freed with the scope.
struct PngState {
  PngState() { image.version = PNG_IMAGE_VERSION; }
  ~PngState() { png_image_free(&image); }
  PngState(const PngState&) = delete;
  PngState& operator=(const PngState&) = delete;

  png_image image = {};
};

}  // namespace

bool IsPng(const std::vector<uint8_t>& file) {
  constexpr uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return file.size() >= sizeof(kSignature) && std::equal(std::begin(kSignature), std::end(kSignature), file.begin());
}

void DecodePng(const std::vector<uint8_t>& file, const std::string& name, Image* image) {
  const auto fail = [&name](const std::string& why) {
    throw plugin::Error(SP_DATA_LOSS, name + ": cannot be decoded as PNG: " + why);
  };
  PngState png;
  if (!IsPng(file)) fail("it does not begin as one");
  if (png_image_begin_read_from_memory(&png.image, file.data(), file.size()) == 0) fail(png.image.message);
  if (int64_t{png.image.width} * png.image.height > kMostPixels) {
    fail("its header claims " + std::to_string(png.image.width) + "x" + std::to_string(png.image.height) + " pixels");
  }
  png.image.format = PNG_FORMAT_RGB;
  const size_t bytes = PNG_IMAGE_SIZE(png.image);
  if (image->rgb.size() < bytes) image->rgb.resize(bytes);
  const png_color black = {0, 0, 0};
  if (png_image_finish_read(&png.image, &black, image->rgb.data(), 0, nullptr) == 0) fail(png.image.message);
  image->width = static_cast<int>(png.image.width);
  image->height = static_cast<int>(png.image.height);
}

std::vector<uint8_t> EncodePng(const Image& image) {
  PngState png;
  png.image.width = static_cast<png_uint_32>(image.width);
  png.image.height = static_cast<png_uint_32>(image.height);
  png.image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> file(PNG_IMAGE_PNG_SIZE_MAX(png.image));
  png_alloc_size_t size = file.size();
  if (png_image_write_to_memory(&png.image, file.data(), &size, 0, image.rgb.data(), 0, nullptr) == 0) {
    throw plugin::Error(SP_INTERNAL, std::string("cannot encode a PNG: ") + png.image.message);
  }
  file.resize(size);
  return file;
}

}  // namespace stallpoint::images
