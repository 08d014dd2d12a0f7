// What the image workloads share and what needs no LibTorch: finding, decoding, augmenting and painting images.
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "plugins/image_classification/augment.h"
#include "plugins/image_classification/image_folder.h"
#include "plugins/image_classification/jpeg.h"
#include "plugins/image_classification/painter.h"
#include "stallpoint/plugin/error.h"
#include "tests/plugins/loaded_plugin.h"
#include "tests/plugins/scratch_folder.h"

namespace stallpoint::image_classification {
namespace {

using bundled::KeyedRandom;
using stallpoint::testing::Contains;
using stallpoint::testing::ScratchFolder;

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

TEST_CASE("class folders give the classes, by the name of the folder that holds a file") {
  const ScratchFolder folder;
  folder.write("train/dog/b.JPG", "x");
  folder.write("train/cat/a.jpeg", "x");
  folder.write("val/dog/c.jpg", "x");
  folder.write("labels.csv", "a.jpeg,7\n");
  const ImageFolder images(folder.path(), 10);
  REQUIRE(images.files().size() == 3);
  CHECK(images.labels() == ImageFolder::Labels::kFolders);
  CHECK(images.class_count() == 2);
  CHECK(images.files()[0].name == "train/cat/a.jpeg");
  CHECK(images.files()[0].label == 0);
  CHECK(images.files()[1].label == 1);
  CHECK(images.files()[2].label == 1);
}

TEST_CASE("a CSV gives the classes when one folder holds all files, and leaves out what it does not name") {
  const ScratchFolder folder;
  for (const char* name : {"images/1.jpg", "images/2.jpg", "images/3.jpg"}) folder.write(name, "x");
  folder.write("labels.csv", "file,label\r\n\"1.jpg\", good ,\r\nimages/3.jpg,bad\r\n");
  const ImageFolder images(folder.path(), 10);
  REQUIRE(images.files().size() == 2);
  CHECK(images.labels() == ImageFolder::Labels::kCsv);
  CHECK(images.files()[0].label == 1);
  CHECK(images.files()[1].label == 0);
  CHECK(images.summary() == "2 JPEG files, 2 classes by labels.csv; 1 files that it does not name are left out");
}

TEST_CASE("without folders or CSV the class is a hash of the name, and the summary says so") {
  const ScratchFolder folder;
  for (int i = 0; i < 40; ++i) folder.write(std::to_string(i) + ".jpg", "x");
  const ImageFolder images(folder.path(), 4);
  CHECK(images.labels() == ImageFolder::Labels::kHash);
  std::set<int64_t> labels;
  for (const ImageFile& file : images.files()) labels.insert(file.label);
  CHECK(labels == std::set<int64_t>{0, 1, 2, 3});
  CHECK(Contains(images.summary(), "hash of the file name"));
}

TEST_CASE("a folder without JPEG files is refused with what is there instead") {
  const ScratchFolder folder;
  folder.write("frames/a.png", "x");
  folder.write("frames/b.png", "x");
  folder.write("notes.txt", "x");
  try {
    const ImageFolder images(folder.path(), 10);
    FAIL("accepted");
  } catch (const plugin::Error& error) {
    CHECK(error.code() == SP_NOT_FOUND);
    CHECK(Contains(error.what(), "found 2 '.png' files and the like, expected JPEG files"));
  }
  CHECK_THROWS_AS(ImageFolder(folder.path() / "absent", 10), plugin::Error);
}

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

}  // namespace stallpoint::image_classification
