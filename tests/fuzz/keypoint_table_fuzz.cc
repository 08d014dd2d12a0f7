// CSV files of keypoints: read, or refused by name; what is read is within what was asked for.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "plugins/pose_estimation/keypoint_table.h"
#include "stallpoint/plugin/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stallpoint::pose_estimation;
  static const std::vector<std::string> parts = {"snout", "leftear", "tail"};
  KeypointTable table;
  try {
    table = ParseKeypointTable({reinterpret_cast<const char*>(data), size}, "fuzzed.csv", parts);
  } catch (const stallpoint::plugin::Error& error) {
    if (std::string(error.what()).rfind("fuzzed.csv: ", 0) != 0) std::abort();
    return 0;
  }
  for (const LabelledFrame& frame : table.frames) {
    if (frame.name.empty() || frame.keypoints.size() > table.keypoints_a_frame) std::abort();
    for (const Keypoint& keypoint : frame.keypoints) {
      if (keypoint.part < 0 || keypoint.part >= static_cast<int>(parts.size())) std::abort();
      if (!std::isfinite(keypoint.x) || !std::isfinite(keypoint.y)) std::abort();
    }
  }
  return 0;
}
