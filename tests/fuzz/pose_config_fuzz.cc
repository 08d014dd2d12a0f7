// config.yaml files: read, or refused by name.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/pose_estimation/pose_config.h"
#include "stallpoint/plugin/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stallpoint::pose_estimation;
  try {
    const PoseConfig config = ParsePoseConfig({reinterpret_cast<const char*>(data), size}, "fuzzed.yaml");
    if (config.parts.empty()) std::abort();
  } catch (const stallpoint::plugin::Error& error) {
    if (std::string(error.what()).rfind("fuzzed.yaml: ", 0) != 0) std::abort();
  }
  return 0;
}
