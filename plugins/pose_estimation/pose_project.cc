#include "plugins/pose_estimation/pose_project.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "plugins/support/read_text.h"
#include "stallpoint/plugin/error.h"

namespace stallpoint::pose_estimation {

namespace fs = std::filesystem;
using plugin::Error;

namespace {

constexpr const char* kLayout = "labeled-data/VIDEO/CollectedData_SCORER.csv and the frames beside it";

// What the folder holds, sorted; nothing when it cannot be read.
std::vector<fs::path> Listed(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> entries;
  for (auto at = fs::directory_iterator(folder, problem); !problem && at != fs::end(at); at.increment(problem)) {
    entries.push_back(at->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool IsTable(const fs::path& path) {
  return path.filename().string().starts_with("CollectedData_") && path.extension() == ".csv";
}

}  // namespace

PoseProject::PoseProject(const fs::path& folder, MissingFrames missing) : folder_(folder) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    RefuseFolder(fs::exists(folder, problem) ? "a file" : "nothing", "the folder of a DeepLabCut project");
  }
  if (!fs::exists(folder / "config.yaml", problem)) {
    std::string expected = std::string("a DeepLabCut project: config.yaml, ") + kLayout;
    const fs::path whole = fs::absolute(folder).lexically_normal() / "";  // so that parent_path() is the folder itself
    fs::path above = whole.parent_path().parent_path();
    while (above != above.root_path() && !fs::exists(above / "config.yaml", problem)) above = above.parent_path();
    if (above != above.root_path()) expected += "; is it " + above.string() + "?";
    const std::vector<fs::path> entries = Listed(folder);
    const auto table = std::find_if(entries.begin(), entries.end(), IsTable);
    RefuseFolder(table == entries.end() ? "no config.yaml" : table->filename().string() + " and no config.yaml",
                 expected);
  }
  config_ = ParsePoseConfig(bundled::ReadText(folder / "config.yaml"), (folder / "config.yaml").string());

  keypoints_of_part_.resize(config_.parts.size());

  const fs::path labelled = folder / "labeled-data";
  if (!fs::is_directory(labelled, problem)) RefuseFolder("config.yaml and no folder labeled-data", kLayout);
  for (const fs::path& video : Listed(labelled)) {
    const fs::path table = fs::is_directory(video, problem) ? TableOf(video) : fs::path();
    if (!table.empty()) AddVideo(table, missing);
  }
  if (videos_ == 0) RefuseFolder("no CollectedData_*.csv in the folders of labeled-data", kLayout);
  if (keypoints_ == 0)
    RefuseFolder("no keypoint in any of its " + std::to_string(frames_.size()) + " frames", "labels");
}

void PoseProject::RefuseFolder(const std::string& found, const std::string& expected) const {
  throw Error(SP_NOT_FOUND, folder_.string() + ": found " + found + ", expected " + expected);
}

// That of the scorer whom config.yaml names, or the only one; empty when there is none.
fs::path PoseProject::TableOf(const fs::path& video) const {
  std::vector<fs::path> tables = Listed(video);
  std::erase_if(tables, [](const fs::path& path) { return !IsTable(path); });
  const auto own = std::find(tables.begin(), tables.end(), video / ("CollectedData_" + config_.scorer + ".csv"));
  if (own != tables.end()) return *own;
  if (tables.size() > 1) {
    throw Error(SP_INVALID_ARGUMENT, video.string() + ": found " + tables[0].filename().string() + " and " +
                                         tables[1].filename().string() + ", expected that of config.yaml's scorer '" +
                                         config_.scorer + "', or one alone");
  }
  return tables.empty() ? fs::path() : tables[0];
}

void PoseProject::AddVideo(const fs::path& table, MissingFrames missing) {
  KeypointTable read = ParseKeypointTable(bundled::ReadText(table), table.string(), config_.parts);
  std::error_code problem;
  std::vector<std::string> absent;
  for (const LabelledFrame& frame : read.frames) {
    if (!fs::exists(path_of(frame), problem)) absent.push_back(frame.name);
    keypoints_ += frame.keypoints.size();
    for (const Keypoint& keypoint : frame.keypoints) ++keypoints_of_part_[static_cast<size_t>(keypoint.part)];
  }
  if (!absent.empty() && missing == MissingFrames::kRefuse) {
    throw Error(SP_NOT_FOUND, table.string() + ": found no file for " + std::to_string(absent.size()) + " of its " +
                                  std::to_string(read.frames.size()) + " frames, expected " +
                                  (folder_ / absent[0]).string() + (absent.size() > 1 ? " and so on" : "") +
                                  " (--set on_bad_sample=skip leaves them out)");
  }
  ++videos_;
  keypoint_cells_ += read.keypoints_a_frame * read.frames.size();
  std::move(read.frames.begin(), read.frames.end(), std::back_inserter(frames_));
  unknown_parts_.insert(read.unknown_parts.begin(), read.unknown_parts.end());
}

std::string PoseProject::summary() const {
  return std::to_string(frames_.size()) + " labelled frames of " + std::to_string(videos_) +
         (videos_ == 1 ? " video, " : " videos, ") + std::to_string(config_.parts.size()) + " body parts, " +
         std::to_string(keypoints_) + " keypoints, " + std::to_string(keypoint_cells_ - keypoints_) + " missing";
}

std::vector<std::string> PoseProject::disagreements() const {
  std::vector<std::string> lines;
  for (const std::string& part : unknown_parts_) {
    lines.push_back("body part " + part + " has keypoints and is not in config.yaml: it is left out");
  }
  for (size_t part = 0; part < keypoints_of_part_.size(); ++part) {
    if (keypoints_of_part_[part] > 0) continue;
    lines.push_back("body part " + config_.parts[part] + " of config.yaml has no keypoint in any frame");
  }
  return lines;
}

}  // namespace stallpoint::pose_estimation
