// Where plugins are looked for, and which file holds an id.
//
// A plugin is given as a path (it contains '/') or as an id. An id is looked up in the folders of
// STALLPOINT_PLUGIN_PATH (separated by ':', absolute), then in the folder that was installed beside the program:
// <program>/../lib/stallpoint/plugins, or <program>/plugins for programs that live in lib/stallpoint themselves. Ids
// that come from a trace are looked up in the same folders; a path never comes from a trace.
#ifndef STALLPOINT_HARNESS_HOST_PLUGIN_SEARCH_H_
#define STALLPOINT_HARNESS_HOST_PLUGIN_SEARCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/host/plugin_library.h"

namespace stallpoint {

struct FoundPlugin {
  PluginLibrary library;
  const sp_descriptor* descriptor = nullptr;
  bool was_file = false;  // given as a path
};

// The folders, in order of search. FailedPrecondition: an entry of STALLPOINT_PLUGIN_PATH is relative.
absl::StatusOr<std::vector<std::string>> PluginFolders();

// Shared libraries in `folders`, those whose file name contains `id` first; then by folder and name.
std::vector<std::string> PluginFiles(const std::vector<std::string>& folders, std::string_view id);

bool IsPluginPath(std::string_view plugin);

// Loads the workload or probe (SP_KIND_*) that `plugin` names. An id stands for one of each kind. NotFound lists the
// folders searched and the ids found, with the nearest one first.
absl::StatusOr<FoundPlugin> FindPlugin(const std::string& plugin, int32_t kind);
absl::StatusOr<FoundPlugin> FindWorkload(const std::string& plugin);
absl::StatusOr<FoundPlugin> FindProbe(const std::string& plugin);
// The workload that `plugin` names, or where there is none the probe.
absl::StatusOr<FoundPlugin> FindWorkloadOrProbe(const std::string& plugin);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_PLUGIN_SEARCH_H_
