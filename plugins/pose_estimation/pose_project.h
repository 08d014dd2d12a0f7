// A DeepLabCut project as a data set: config.yaml, labeled-data/VIDEO/CollectedData_SCORER.csv and the frames that
// these name.
//
// Ordered by video and, within it, as the CSV is, so that an index always means the same frame. Immutable once made.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_PROJECT_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_PROJECT_H_

#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "plugins/pose_estimation/keypoint_table.h"
#include "plugins/pose_estimation/pose_config.h"

namespace stallpoint::pose_estimation {

class PoseProject {
 public:
  enum class MissingFrames { kRefuse, kKeep };

  // Throws an Error that names the file when the folder is no such project, or a CSV names a frame that is not there.
  // With `kKeep` such a frame stays in the list, and whoever reads it finds out.
  PoseProject(const std::filesystem::path& folder, MissingFrames missing);

  const std::vector<std::string>& parts() const { return config_.parts; }
  const std::vector<LabelledFrame>& frames() const { return frames_; }
  std::filesystem::path path_of(const LabelledFrame& frame) const { return folder_ / frame.name; }
  // One line for the user: how many frames and keypoints there are.
  std::string summary() const;
  // What config.yaml and the CSV files do not agree on, a line each.
  std::vector<std::string> disagreements() const;

 private:
  std::filesystem::path TableOf(const std::filesystem::path& video) const;
  void AddVideo(const std::filesystem::path& table, MissingFrames missing);
  [[noreturn]] void RefuseFolder(const std::string& found, const std::string& expected) const;

  std::filesystem::path folder_;
  PoseConfig config_;
  std::vector<LabelledFrame> frames_;
  size_t videos_ = 0;
  std::vector<size_t> keypoints_of_part_;
  size_t keypoints_ = 0;
  size_t keypoint_cells_ = 0;            // missing or not
  std::set<std::string> unknown_parts_;  // that the CSV files have and config.yaml has not
};

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_PROJECT_H_
