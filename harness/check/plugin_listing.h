// What the files of the plugin folders hold, asked in a process of its own for each: loading a library runs code.
#ifndef STALLPOINT_HARNESS_CHECK_PLUGIN_LISTING_H_
#define STALLPOINT_HARNESS_CHECK_PLUGIN_LISTING_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/run/run.pb.h"

namespace stallpoint {

struct PluginListing {
  struct File {
    std::string path;
    run::Description description;
  };
  std::vector<std::string> folders;
  std::vector<File> files;  // in order of search; those that cannot be used say why in `description.refused()`
};

// FailedPrecondition: an entry of STALLPOINT_PLUGIN_PATH is relative. Cancelled: `cancel` became true.
absl::StatusOr<PluginListing> ListPlugins(const std::atomic<bool>& cancel);

// In the process that is asked.
run::Description DescribeHere(const std::string& file);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_CHECK_PLUGIN_LISTING_H_
