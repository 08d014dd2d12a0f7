// What a DeepLabCut project's config.yaml says that training needs.
#ifndef STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_CONFIG_H_
#define STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_CONFIG_H_

#include <string>
#include <vector>

namespace stallpoint::pose_estimation {

struct PoseConfig {
  std::string scorer;              // who labelled; empty when it does not say
  std::vector<std::string> parts;  // body parts, each once; of several animals, those of one and the unique ones
};

// `name` is the file's, for errors. Throws SP_INVALID_ARGUMENT for what is not YAML, or names no body parts.
PoseConfig ParsePoseConfig(const std::string& yaml, const std::string& name);

}  // namespace stallpoint::pose_estimation

#endif  // STALLPOINT_PLUGINS_POSE_ESTIMATION_POSE_CONFIG_H_
