#include "plugins/images/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "stallpoint/plugin/error.h"

namespace stallpoint::images {
namespace {

[[noreturn]] void CannotDecode(const std::string& name, const std::string& why) {
  throw plugin::Error(SP_DATA_LOSS, name + ": cannot be decoded as JPEG: " + why);
}

// Adobe writes CMYK inverted, and decoders leave it so.
void CmykToRgb(const uint8_t* cmyk, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<uint8_t>(cmyk[4 * i + c] * cmyk[4 * i + 3] / 255);
  }
}

}  // namespace

struct JpegDecoder::Handle {
  tjhandle tj;
};

JpegDecoder::JpegDecoder() : handle_(std::make_unique<Handle>(Handle{tjInitDecompress()})) {
  if (handle_->tj == nullptr) throw std::bad_alloc();
}

JpegDecoder::~JpegDecoder() { tjDestroy(handle_->tj); }

void JpegDecoder::Decode(const std::vector<uint8_t>& file, const std::string& name, int scale_denominator,
                         Image* image) {
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(handle_->tj, file.data(), file.size(), &width, &height, &subsampling, &colours) != 0 &&
      tjGetErrorCode(handle_->tj) != TJERR_WARNING) {
    CannotDecode(name, tjGetErrorStr2(handle_->tj));
  }
  if (int64_t{width} * height > kMostPixels) {
    CannotDecode(name, "its header claims " + std::to_string(width) + "x" + std::to_string(height) + " pixels");
  }
  const tjscalingfactor factor = {1, scale_denominator};
  image->width = TJSCALED(width, factor);
  image->height = TJSCALED(height, factor);
  const size_t pixels = static_cast<size_t>(image->width) * static_cast<size_t>(image->height);
  if (image->rgb.size() < 3 * pixels) image->rgb.resize(3 * pixels);

  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  if (cmyk && cmyk_.size() < 4 * pixels) cmyk_.resize(4 * pixels);
  uint8_t* out = cmyk ? cmyk_.data() : image->rgb.data();
  if (tjDecompress2(handle_->tj, file.data(), file.size(), out, image->width, 0, image->height,
                    cmyk ? TJPF_CMYK : TJPF_RGB, 0) != 0) {
    const char* why = tjGetErrorStr2(handle_->tj);
    const bool harmless = tjGetErrorCode(handle_->tj) == TJERR_WARNING && std::strstr(why, "Premature end") == nullptr;
    if (!harmless) CannotDecode(name, why);
  }
  if (cmyk) CmykToRgb(cmyk_.data(), pixels, image->rgb.data());
}

std::vector<uint8_t> EncodeJpeg(const Image& image, int quality) {
  tjhandle tj = tjInitCompress();
  if (tj == nullptr) throw std::bad_alloc();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT: the library's type
  const int failed =
      tjCompress2(tj, image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &bytes, &size, TJSAMP_420, quality, 0);
  const std::string why = failed != 0 ? tjGetErrorStr2(tj) : "";
  std::vector<uint8_t> file(bytes, bytes + size);
  tjFree(bytes);
  tjDestroy(tj);
  if (failed != 0) throw plugin::Error(SP_INTERNAL, "cannot encode a JPEG: " + why);
  return file;
}

}  // namespace stallpoint::images
