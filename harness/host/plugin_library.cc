#include "harness/host/plugin_library.h"

#include <dlfcn.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "harness/host/elf_check.h"

namespace stallpoint {
namespace {

constexpr int32_t kMostPlugins = 1024;
constexpr int64_t kMostOptions = 1024;

// Sizes in version 1.0 of the ABI: what every plugin of this major version has at least.
constexpr uint32_t kEntrySize = 48;
constexpr uint32_t kDescriptorSize = 56;
constexpr uint32_t kOptionSize = 32;

bool IsId(const char* id) {
  if (id == nullptr || !absl::ascii_islower(id[0])) return false;
  return std::all_of(id, id + std::char_traits<char>::length(id),
                     [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
}

absl::Status TooSmall(const std::string& path, absl::string_view what, uint64_t found, uint64_t expected) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", what, " has struct_size ", found,
                                                    ", expected at least ", expected,
                                                    "; rebuild the plugin against this stallpoint's headers"));
}

absl::Status CheckOption(const std::string& path, const sp_descriptor& descriptor, int64_t i, const sp_option& option) {
  const std::string what = absl::StrCat("option ", i, " of '", descriptor.id, "'");
  if (option.struct_size < kOptionSize) return TooSmall(path, what, option.struct_size, kOptionSize);
  if (option.key == nullptr || *option.key == '\0') {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, " has no key"));
  }
  if (option.default_value == nullptr || option.help == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, " ('", option.key, "') has no ",
                                                   option.help == nullptr ? "help" : "default_value",
                                                   "; expected a text, which may be empty"));
  }
  return absl::OkStatus();
}

absl::Status CheckDescriptor(const std::string& path, int32_t i, const sp_descriptor* descriptor) {
  const std::string what = absl::StrCat("descriptor ", i);
  if (descriptor == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, " is null"));
  if (descriptor->struct_size < kDescriptorSize) {
    return TooSmall(path, what, descriptor->struct_size, kDescriptorSize);
  }
  if (!IsId(descriptor->id)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, " has the id '",
                                                   descriptor->id == nullptr ? "(null)" : descriptor->id,
                                                   "', expected lower-case letters, digits and '_'"));
  }
  if (descriptor->kind != SP_KIND_WORKLOAD && descriptor->kind != SP_KIND_PROBE) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": '", descriptor->id, "' is of kind ", descriptor->kind,
                                                   ", expected 1 (workload) or 2 (probe)"));
  }
  if (descriptor->summary == nullptr || descriptor->version == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": '", descriptor->id, "' has no ",
                                                   descriptor->summary == nullptr ? "summary" : "version",
                                                   "; expected one line of text"));
  }
  if (descriptor->option_count < 0 || descriptor->option_count > kMostOptions ||
      (descriptor->option_count > 0 && (descriptor->options == nullptr || descriptor->option_stride < kOptionSize))) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": '", descriptor->id, "' has ", descriptor->option_count, " options ", descriptor->option_stride,
        " bytes apart, expected 0 to ", kMostOptions, ", at least ", kOptionSize, " bytes apart"));
  }
  const std::vector<const sp_option*> options = OptionsOf(*descriptor);
  for (size_t o = 0; o < options.size(); ++o) {
    const absl::Status checked = CheckOption(path, *descriptor, static_cast<int64_t>(o), *options[o]);
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

// Fingerprints of the libraries in this process, with the file that brought each.
absl::Status AgreeOnFrameworks(const std::string& path, const char* fingerprint) {
  static auto& first = *new std::pair<std::string, std::string>();
  if (fingerprint == nullptr || *fingerprint == '\0') return absl::OkStatus();
  if (first.second.empty()) {
    first = {path, fingerprint};
    return absl::OkStatus();
  }
  if (first.second == fingerprint) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(path, " was built with '", fingerprint, "', but ", first.first,
                                                    " in the same process with '", first.second,
                                                    "'; build both against the same frameworks"));
}

}  // namespace

absl::StatusOr<std::vector<const sp_descriptor*>> CheckEntry(const std::string& path, const sp_entry* entry) {
  if (entry == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": " SP_ENTRY_SYMBOL " returned null"));
  if (entry->struct_size < kEntrySize) return TooSmall(path, "the entry table", entry->struct_size, kEntrySize);
  if (entry->abi_major != SP_ABI_MAJOR) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": found plugin ABI ", entry->abi_major, ".",
                                                      entry->abi_minor, ", expected ", SP_ABI_MAJOR,
                                                      ".x; rebuild the plugin against this stallpoint's headers"));
  }
  if (entry->plugin_count < 1 || entry->plugin_count > kMostPlugins) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": says it holds ", entry->plugin_count, " plugins, expected 1 to ", kMostPlugins));
  }
  if (entry->descriptor == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": descriptor() is null"));
  std::vector<const sp_descriptor*> descriptors;
  for (int32_t i = 0; i < entry->plugin_count; ++i) {
    const sp_descriptor* descriptor = entry->descriptor(i);
    if (absl::Status checked = CheckDescriptor(path, i, descriptor); !checked.ok()) return checked;
    const bool has_creator =
        descriptor->kind == SP_KIND_WORKLOAD ? entry->create_workload != nullptr : entry->create_probe != nullptr;
    if (!has_creator) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": '", descriptor->id, "' has no function that creates it"));
    }
    descriptors.push_back(descriptor);
  }
  return descriptors;
}

absl::StatusOr<PluginLibrary> PluginLibrary::Load(const std::string& path) {
  if (absl::Status checked = CheckSharedLibrary(path); !checked.ok()) return checked;
  if (absl::Status checked = CheckNotWorldWritable(path); !checked.ok()) return checked;
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot load ", path, ": ", dlerror(), "; `ldd ", path, "` shows which library is missing"));
  }
  auto function = reinterpret_cast<sp_entry_function>(dlsym(handle, SP_ENTRY_SYMBOL));
  if (function == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": found no symbol " SP_ENTRY_SYMBOL
                                                         ", which every plugin exports; is it a plugin, and built with "
                                                         "SP_EXPORT?"));
  }
  PluginLibrary library;
  library.path_ = path;
  library.entry_ = function();
  auto descriptors = CheckEntry(path, library.entry_);
  if (!descriptors.ok()) return descriptors.status();
  library.descriptors_ = *std::move(descriptors);
  if (absl::Status agreed = AgreeOnFrameworks(path, library.entry_->build_fingerprint); !agreed.ok()) return agreed;
  return library;
}

std::vector<const sp_option*> OptionsOf(const sp_descriptor& descriptor) {
  std::vector<const sp_option*> options;
  const char* at = reinterpret_cast<const char*>(descriptor.options);
  for (int64_t i = 0; i < descriptor.option_count; ++i, at += descriptor.option_stride) {
    options.push_back(reinterpret_cast<const sp_option*>(at));
  }
  return options;
}

const sp_descriptor* PluginLibrary::Find(std::string_view id, int32_t kind) const {
  for (const sp_descriptor* descriptor : descriptors_) {
    if (kind == descriptor->kind && id == descriptor->id) return descriptor;
  }
  return nullptr;
}

}  // namespace stallpoint
