#include "plugins/pose_estimation/pose_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "stallpoint/plugin/error.h"

namespace stallpoint::pose_estimation {
namespace {

[[noreturn]] void RefuseConfig(const std::string& name, const std::string& why) {
  throw plugin::Error(SP_INVALID_ARGUMENT, name + ": " + why);
}

void AddParts(const YAML::Node& list, const std::string& key, const std::string& name,
              std::vector<std::string>* parts) {
  const std::string expected = ", expected the names of the body parts, one a line behind `- `";
  if (!list || !list.IsSequence()) RefuseConfig(name, "found no list `" + key + "`" + expected);
  for (const YAML::Node& item : list) {
    if (!item.IsScalar()) RefuseConfig(name, "found in `" + key + "` what is no name" + expected);
    const auto part = item.as<std::string>();
    if (std::find(parts->begin(), parts->end(), part) != parts->end()) {
      RefuseConfig(name, "found the body part " + part + " twice, expected each once");
    }
    parts->push_back(part);
  }
}

}  // namespace

PoseConfig ParsePoseConfig(const std::string& yaml, const std::string& name) {
  PoseConfig config;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) RefuseConfig(name, "found no keys, expected those of a DeepLabCut project, such as `bodyparts`");
    if (root["scorer"].IsDefined() && root["scorer"].IsScalar()) config.scorer = root["scorer"].as<std::string>();
    if (root["multianimalproject"].as<bool>(false)) {
      AddParts(root["multianimalbodyparts"], "multianimalbodyparts", name, &config.parts);
      if (root["uniquebodyparts"].IsDefined() && !root["uniquebodyparts"].IsNull()) {
        AddParts(root["uniquebodyparts"], "uniquebodyparts", name, &config.parts);
      }
    } else {
      AddParts(root["bodyparts"], "bodyparts", name, &config.parts);
    }
  } catch (const YAML::Exception& problem) {
    RefuseConfig(name, std::string("is not YAML: ") + problem.what());
  }
  if (config.parts.empty()) RefuseConfig(name, "found no body parts, expected one at least");
  return config;
}

}  // namespace stallpoint::pose_estimation
