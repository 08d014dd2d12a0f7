// Painted animals as a DeepLabCut project: config.yaml, labeled-data/painted/ with PNG frames and their CSV.
#ifndef STALLPOINT_PLUGINS_MAKE_IMAGES_POSE_WRITER_H_
#define STALLPOINT_PLUGINS_MAKE_IMAGES_POSE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "plugins/make_images/painter.h"

namespace stallpoint::images {

class PoseWriter {
 public:
  PoseWriter(std::filesystem::path folder, int64_t count, int width, int height, uint64_t seed);

  // Writes frame i and returns the size of its file. Frames may be written by several threads at once.
  size_t WriteFrame(int64_t i);
  // Once all frames are written: config.yaml and the CSV. One keypoint in twenty is missing.
  void WriteLabels() const;

 private:
  std::filesystem::path folder_;
  int width_;
  int height_;
  uint64_t seed_;
  std::vector<std::vector<PaintedPoint>> points_;  // of each frame
};

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_MAKE_IMAGES_POSE_WRITER_H_
