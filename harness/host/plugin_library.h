// One plugin file, checked and loaded.
//
// Everything is checked before the first function of the plugin is called, except the constructors that dlopen runs:
// the file's format and permissions, the entry symbol, the ABI version, struct sizes, the descriptors with their
// options and texts. A library is never unloaded (LibTorch does not survive it), so descriptors and what they point to
// live until the process ends. Loading is done by one thread at a time; a loaded library may be used from any.
#ifndef STALLPOINT_HARNESS_HOST_PLUGIN_LIBRARY_H_
#define STALLPOINT_HARNESS_HOST_PLUGIN_LIBRARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stallpoint/abi/entry.h"

namespace stallpoint {

class PluginLibrary {
 public:
  // `path` must be absolute. Errors name what was found and what was expected: InvalidArgument (not a plugin of this
  // machine, or a malformed table), FailedPrecondition (other ABI version, world-writable, dependencies missing, built
  // against another framework than a plugin that is already loaded).
  static absl::StatusOr<PluginLibrary> Load(const std::string& path);

  const std::string& path() const { return path_; }
  const sp_entry& entry() const { return *entry_; }
  const std::vector<const sp_descriptor*>& descriptors() const { return descriptors_; }
  // The workload or probe (SP_KIND_*) `id`, or null.
  const sp_descriptor* Find(std::string_view id, int32_t kind) const;

 private:
  std::string path_;
  const sp_entry* entry_ = nullptr;
  std::vector<const sp_descriptor*> descriptors_;
};

// Checks the table that a library returned, without calling anything but `descriptor`.
absl::StatusOr<std::vector<const sp_descriptor*>> CheckEntry(const std::string& path, const sp_entry* entry);

// The options of a descriptor that passed these checks: key, default_value and help are texts, never null.
std::vector<const sp_option*> OptionsOf(const sp_descriptor& descriptor);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_PLUGIN_LIBRARY_H_
