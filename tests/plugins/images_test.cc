// What the image workloads share: decoding, augmenting and painting images.
#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.h"
#include "plugins/images/augment.h"
#include "plugins/images/csv.h"
#include "plugins/images/jpeg.h"
#include "plugins/images/png.h"
#include "plugins/make_images/painter.h"
#include "stallpoint/plugin/error.h"
#include "tests/plugins/loaded_plugin.h"

namespace stallpoint::images {
namespace {

using bundled::KeyedRandom;
using stallpoint::testing::Contains;

// Red grows to the right, green downwards.
Image Ramp(int width, int height) {
  Image image = {width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<uint8_t>(x * 255 / width));
      image.rgb.push_back(static_cast<uint8_t>(y * 255 / height));
      image.rgb.push_back(100);
    }
  }
  return image;
}

std::string DecodeFailure(const std::vector<uint8_t>& file) {
  JpegDecoder decoder;
  Image image;
  try {
    decoder.Decode(file, "cats/7.jpg", 1, &image);
  } catch (const plugin::Error& error) {
    CHECK(error.code() == SP_DATA_LOSS);
    return error.what();
  }
  return "decoded";
}

std::vector<uint8_t> EncodeWith(tjhandle tj, const std::vector<uint8_t>& pixels, int size, int format,
                                int subsampling) {
  unsigned char* bytes = nullptr;
  unsigned long length = 0;  // NOLINT: the library's type
  REQUIRE(tjCompress2(tj, pixels.data(), size, 0, size, format, &bytes, &length, subsampling, 95, 0) == 0);
  std::vector<uint8_t> file(bytes, bytes + length);
  tjFree(bytes);
  tjDestroy(tj);
  return file;
}

// A PNG of one row, two pixels, written from `row` as it is in memory in that format.
std::vector<uint8_t> PngOf(png_uint_32 format, const std::vector<uint8_t>& row,
                           const std::vector<uint8_t>& palette = {}) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = 2;
  png.height = 1;
  png.format = format;
  png.colormap_entries = static_cast<png_uint_32>(palette.size() / 3);
  std::vector<uint8_t> file(1000);
  png_alloc_size_t size = file.size();
  REQUIRE(png_image_write_to_memory(&png, file.data(), &size, 0, row.data(), 0,
                                    palette.empty() ? nullptr : palette.data()) != 0);
  file.resize(size);
  return file;
}

std::vector<int> Pixels(const Image& image) {
  return {image.rgb.begin(), image.rgb.begin() + 3 * image.width * image.height};
}

// The red plane, back in 0 to 255.
std::vector<float> RedOf(const Image& image, const Crop& crop, int size) {
  std::vector<float> planes(static_cast<size_t>(3 * size * size));
  Resizer resizer;
  resizer.Resize(image, crop, size, planes.data());
  std::vector<float> red(planes.begin(), planes.begin() + size * size);
  for (float& value : red) value = (value * 0.229F + 0.485F) * 255;
  return red;
}

}  // namespace

TEST_CASE("a JPEG that was written is read back as it was, nearly") {
  const Image ramp = Ramp(120, 80);
  JpegDecoder decoder;
  Image image;
  decoder.Decode(EncodeJpeg(ramp, 95), "ramp", 1, &image);
  REQUIRE(image.width == 120);
  REQUIRE(image.height == 80);
  int worst = 0;
  for (size_t i = 0; i < ramp.rgb.size(); ++i) worst = std::max(worst, std::abs(image.rgb[i] - ramp.rgb[i]));
  CHECK(worst < 16);
}

TEST_CASE("decoding can be scaled, and a smaller image after a larger one is right") {
  JpegDecoder decoder;
  Image image;
  decoder.Decode(EncodeJpeg(Ramp(640, 480), 95), "large", 1, &image);
  decoder.Decode(EncodeJpeg(Ramp(121, 80), 95), "small", 4, &image);
  CHECK(image.width == 31);
  CHECK(image.height == 20);
  CHECK(image.rgb[0] < 20);
  CHECK(image.rgb[3 * 30] > 220);
}

TEST_CASE("a grey JPEG becomes grey RGB") {
  const std::vector<uint8_t> grey(32 * 32, 77);
  JpegDecoder decoder;
  Image image;
  decoder.Decode(EncodeWith(tjInitCompress(), grey, 32, TJPF_GRAY, TJSAMP_GRAY), "grey", 1, &image);
  for (size_t c = 0; c < 3; ++c) CHECK(std::abs(image.rgb[c] - 77) <= 1);
}

TEST_CASE("a CMYK JPEG becomes RGB") {
  std::vector<uint8_t> cmyk;
  for (int i = 0; i < 32 * 32; ++i) cmyk.insert(cmyk.end(), {200, 100, 50, 255});
  JpegDecoder decoder;
  Image image;
  decoder.Decode(EncodeWith(tjInitCompress(), cmyk, 32, TJPF_CMYK, TJSAMP_444), "cmyk", 1, &image);
  CHECK(std::abs(image.rgb[0] - 200) <= 3);
  CHECK(std::abs(image.rgb[1] - 100) <= 3);
  CHECK(std::abs(image.rgb[2] - 50) <= 3);
}

TEST_CASE("a file that is not a JPEG, or is cut off, is lost data with its name") {
  CHECK(Contains(DecodeFailure({'P', 'K', 3, 4, 0, 0, 0, 0}), "cats/7.jpg: cannot be decoded as JPEG"));
  std::vector<uint8_t> cut = EncodeJpeg(PaintImage(200, 150, 0, 2, 0, 0), 90);
  cut.resize(cut.size() / 2);
  CHECK(Contains(DecodeFailure(cut), "cats/7.jpg: cannot be decoded as JPEG"));
}

TEST_CASE("a header that claims an impossible size is refused before memory is asked for") {
  std::vector<uint8_t> file = EncodeJpeg(Ramp(64, 64), 90);
  for (size_t i = 0; i + 9 < file.size(); ++i) {
    if (file[i] == 0xFF && file[i + 1] == 0xC0) std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(i) + 5, 4, 0xFD);
  }
  CHECK(Contains(DecodeFailure(file), "its header claims 65021x65021 pixels"));
}

TEST_CASE("a PNG that was written is read back as it was, also after a larger one") {
  const Image ramp = Ramp(120, 80);
  Image image;
  DecodePng(EncodePng(Ramp(200, 90)), "large", &image);
  DecodePng(EncodePng(ramp), "ramp", &image);
  REQUIRE(image.width == 120);
  REQUIRE(image.height == 80);
  image.rgb.resize(ramp.rgb.size());
  CHECK(image.rgb == ramp.rgb);
}

TEST_CASE("grey, palette, 16-bit and transparent PNGs become RGB") {
  Image image;
  DecodePng(PngOf(PNG_FORMAT_GRAY, {77, 200}), "grey", &image);
  CHECK(Pixels(image) == std::vector<int>{77, 77, 77, 200, 200, 200});
  DecodePng(PngOf(PNG_FORMAT_RGB_COLORMAP, {1, 0}, {10, 20, 30, 40, 50, 60}), "palette", &image);
  CHECK(Pixels(image) == std::vector<int>{40, 50, 60, 10, 20, 30});
  DecodePng(PngOf(PNG_FORMAT_LINEAR_Y, {0, 0, 255, 255}), "16 bits", &image);
  CHECK(Pixels(image) == std::vector<int>{0, 0, 0, 255, 255, 255});
  DecodePng(PngOf(PNG_FORMAT_RGBA, {255, 0, 0, 255, 9, 9, 9, 0}), "transparent", &image);
  CHECK(Pixels(image) == std::vector<int>{255, 0, 0, 0, 0, 0});
}

TEST_CASE("a file that is not a PNG, is cut off, or whose bytes changed, is lost data with its name") {
  const auto failure = [](const std::vector<uint8_t>& file) {
    Image image;
    try {
      DecodePng(file, "m4s1/img7.png", &image);
    } catch (const plugin::Error& error) {
      CHECK(error.code() == SP_DATA_LOSS);
      return std::string(error.what());
    }
    return std::string("decoded");
  };
  CHECK(failure({'P', 'K', 3, 4}) == "m4s1/img7.png: cannot be decoded as PNG: it does not begin as one");
  std::vector<uint8_t> file = EncodePng(PaintImage(200, 150, 0, 2, 0, 0));
  std::vector<uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2));
  CHECK(Contains(failure(cut), "m4s1/img7.png: cannot be decoded as PNG: "));
  file[file.size() / 2] ^= 1;
  CHECK(Contains(failure(file), "m4s1/img7.png: cannot be decoded as PNG: "));
}

TEST_CASE("CSV fields come without quotes and blanks around them, whatever ends a line") {
  CHECK(ParseCsv("a, b ,\"c, \"\"d\"\"\"\r\n\n,2\n\"x\ny\"") ==
        std::vector<CsvRow>{{"a", "b", "c, \"d\""}, {"", "2"}, {"x\ny"}});
  CHECK(ParseCsv("").empty());
}

TEST_CASE("a crop lies inside the image, whatever its shape, and covers at least the area asked for") {
  const auto [width, height] = GENERATE(table<int, int>({{640, 480}, {1, 1}, {2000, 3}, {3, 2000}, {64, 64}}));
  int mirrored = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    KeyedRandom random(0, "crop", i);
    const Crop crop = DrawCrop(width, height, 0.35, random);
    REQUIRE(crop.width >= 1);
    REQUIRE(crop.height >= 1);
    REQUIRE(crop.x >= 0);
    REQUIRE(crop.y >= 0);
    REQUIRE(crop.x + crop.width <= width);
    REQUIRE(crop.y + crop.height <= height);
    if (width == 640) REQUIRE(crop.width * crop.height > 0.34 * 640 * 480);
    mirrored += crop.mirrored ? 1 : 0;
  }
  CHECK(mirrored > 100);
  CHECK(mirrored < 200);
}

TEST_CASE("resizing to the same size changes nothing") {
  const std::vector<float> red = RedOf(Ramp(50, 50), {0, 0, 50, 50, false}, 50);
  for (int x = 0; x < 50; ++x) CHECK(red[static_cast<size_t>(x)] == Approx(x * 255 / 50).margin(0.01));
}

TEST_CASE("reducing averages what it covers, enlarging interpolates, mirroring turns left to right") {
  const Image ramp = Ramp(200, 100);
  const std::vector<float> small = RedOf(ramp, {0, 0, 200, 100, false}, 10);
  for (int x = 1; x < 9; ++x) CHECK(small[static_cast<size_t>(x)] == Approx((x + 0.5) * 25.5).margin(1.5));
  const std::vector<float> large = RedOf(ramp, {100, 0, 4, 4, false}, 16);
  CHECK(std::is_sorted(large.begin(), large.begin() + 16));
  const std::vector<float> turned = RedOf(ramp, {0, 0, 200, 100, true}, 10);
  for (size_t x = 0; x < 10; ++x) CHECK(turned[x] == Approx(small[9 - x]));
}

TEST_CASE("a painted image depends on its arguments alone and has the detail of a photograph") {
  const Image image = PaintImage(320, 240, 1, 4, 5, 6);
  CHECK(image.rgb == PaintImage(320, 240, 1, 4, 5, 6).rgb);
  CHECK(image.rgb != PaintImage(320, 240, 1, 4, 5, 7).rgb);
  double bits = 0;
  for (uint64_t i = 0; i < 8; ++i)
    bits += 8.0 * static_cast<double>(EncodeJpeg(PaintImage(512, 384, 0, 4, 0, i), 90).size());
  CHECK(bits / (8 * 512 * 384) > 1.5);
  CHECK(bits / (8 * 512 * 384) < 3.5);
}

}  // namespace stallpoint::images
