// stallpoint-make-images: writes a data set of JPEG files in class folders, or of labelled frames as DeepLabCut lays
// them out, for trying the image workloads.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugins/images/jpeg.h"
#include "plugins/make_images/painter.h"
#include "plugins/make_images/pose_writer.h"
#include "plugins/make_images/write_file.h"

namespace stallpoint::images {
namespace {

struct Request {
  std::filesystem::path folder;
  int64_t count = 200;
  int width = 1024;
  int height = 768;
  int64_t classes = 4;
  uint64_t seed = 0;
  int quality = 90;
};

// Returns the size of the file.
size_t WriteImage(const Request& request, int64_t i) {
  const int64_t label = i % request.classes;
  const Image image =
      PaintImage(request.width, request.height, label, request.classes, request.seed, static_cast<uint64_t>(i));
  const std::vector<uint8_t> jpeg = EncodeJpeg(image, request.quality);
  char name[64];
  std::snprintf(name, sizeof(name), "class_%03d/image_%06d.jpg", static_cast<int>(label), static_cast<int>(i));
  WriteFile(request.folder / name, {jpeg.begin(), jpeg.end()});
  return jpeg.size();
}

// Calls `write_one` for 0 to `count` - 1 from as many threads as there are cores; returns the sum of the sizes.
size_t WriteAll(int64_t count, const std::function<size_t(int64_t)>& write_one) {
  std::atomic<int64_t> next = 0;
  std::atomic<size_t> bytes = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto write = [&] {
    try {
      for (int64_t i = next++; i < count; i = next++) bytes += write_one(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(write);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  return bytes;
}

int Main(int argc, char** argv) {
  Request request;
  std::string size = "1024x768";
  bool pose = false;
  CLI::App app(
      "Writes pictures of photographic detail, for trying the image workloads: JPEG files in one folder per "
      "class, or a DeepLabCut project.",
      "stallpoint-make-images");
  app.add_option("OUT_DIR", request.folder, "folder to write into; made when absent")->required();
  app.add_option("--count", request.count, "images")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--size", size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  app.add_option("--seed", request.seed, "the same seed writes the same images")->capture_default_str();
  CLI::Option* classes = app.add_option("--classes", request.classes, "classes")->check(CLI::Range(1, 1000));
  CLI::Option* quality = app.add_option("--quality", request.quality, "of the JPEG files")->check(CLI::Range(1, 100));
  classes->capture_default_str();
  quality->capture_default_str();
  app.add_flag("--pose", pose, "PNG frames with keypoints, as DeepLabCut lays them out, for pose_estimation")
      ->excludes(classes)
      ->excludes(quality);
  CLI11_PARSE(app, argc, argv);
  int end = 0;
  if (std::sscanf(size.c_str(), "%5dx%5d%n", &request.width, &request.height, &end) != 2 ||
      end != static_cast<int>(size.size()) || request.width < 16 || request.height < 16 || request.width > 16384 ||
      request.height > 16384) {
    std::fprintf(stderr, "--size: found '%s', expected WIDTHxHEIGHT, each 16 to 16384, such as 1024x768\n",
                 size.c_str());
    return 2;
  }
  size_t bytes = 0;
  std::string arrangement;
  if (pose) {
    PoseWriter project(request.folder, request.count, request.width, request.height, request.seed);
    bytes = WriteAll(request.count, [&](int64_t i) { return project.WriteFrame(i); });
    project.WriteLabels();
    arrangement = "with " + std::to_string(kAnimalParts.size()) + " body parts each";
  } else {
    bytes = WriteAll(request.count, [&](int64_t i) { return WriteImage(request, i); });
    arrangement = "in " + std::to_string(request.classes) + " classes";
  }
  const double pixels = static_cast<double>(request.width) * request.height * static_cast<double>(request.count);
  std::printf("%lld images of %dx%d %s in %s: %.1f MiB, %.2f bits a pixel\n", static_cast<long long>(request.count),
              request.width, request.height, arrangement.c_str(), request.folder.c_str(),
              static_cast<double>(bytes) / (1 << 20), 8 * static_cast<double>(bytes) / pixels);
  return 0;
}

}  // namespace
}  // namespace stallpoint::images

int main(int argc, char** argv) {
  try {
    return stallpoint::images::Main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stallpoint-make-images: %s\n", e.what());
    return 1;
  }
}
