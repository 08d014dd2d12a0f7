// A CollectedData_SCORER.csv as DeepLabCut writes it: header rows `scorer`, `individuals` (of several animals only),
// `bodyparts` and `coords`, then a row for each frame.
//
// A frame is named by one cell, labeled-data/VIDEO/IMAGE, or by these three.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_KEYPOINT_TABLE_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_KEYPOINT_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace stallpoint::pose_estimation {

struct Keypoint {
  int part = 0;  // its place in the list of body parts
  double x = 0;  // in pixels, whose middles are whole numbers
  double y = 0;
};

struct LabelledFrame {
  std::string name;                 // below the project's folder, parted by '/'
  std::vector<Keypoint> keypoints;  // those that are not missing
};

struct KeypointTable {
  std::vector<LabelledFrame> frames;
  size_t keypoints_a_frame = 0;            // of body parts that are known, missing or not
  std::vector<std::string> unknown_parts;  // columns that are not among the `parts` asked for; left out
};

// `name` is the file's, for errors. An empty cell or NaN is a missing keypoint. Throws SP_INVALID_ARGUMENT, with the
// row, for what is laid out differently or is not a number.
KeypointTable ParseKeypointTable(const std::string& csv, const std::string& name,
                                 const std::vector<std::string>& parts);

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_KEYPOINT_TABLE_H_
