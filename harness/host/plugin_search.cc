#include "harness/host/plugin_search.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/host/nearest_name.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

const char* FlagOf(int32_t kind) { return kind == SP_KIND_PROBE ? "--probe" : "--plugin"; }
const char* NameOf(int32_t kind) { return kind == SP_KIND_PROBE ? "probe" : "workload"; }

absl::StatusOr<FoundPlugin> FromFile(const std::string& plugin, int32_t kind) {
  std::error_code error;
  const fs::path path = fs::canonical(plugin, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("plugin file ", plugin));
  auto library = PluginLibrary::Load(path.string());
  if (!library.ok()) return library.status();
  std::vector<std::string> ids;
  const sp_descriptor* only = nullptr;
  for (const sp_descriptor* descriptor : library->descriptors()) {
    if (descriptor->kind != kind) continue;
    only = descriptor;
    ids.push_back(descriptor->id);
  }
  if (ids.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        plugin, ": found ", ids.size(), " ", NameOf(kind), "s", ids.empty() ? "" : " (", absl::StrJoin(ids, ", "),
        ids.empty() ? "" : ")", ", expected one; put the file into a folder of STALLPOINT_PLUGIN_PATH and give ",
        FlagOf(kind), " the id"));
  }
  return FoundPlugin{*std::move(library), only, true};
}

absl::Status NoSuchPlugin(const std::string& id, int32_t kind, const std::vector<std::string>& folders,
                          std::vector<std::string> ids, const std::vector<std::string>& rejected) {
  std::string message = absl::StrCat("no ", NameOf(kind), " '", id, "' in ", absl::StrJoin(folders, ", "));
  const std::string nearest = NearestName(id, ids);
  if (!nearest.empty()) absl::StrAppend(&message, "; did you mean '", nearest, "'?");
  std::sort(ids.begin(), ids.end());
  if (!ids.empty()) absl::StrAppend(&message, "; found ", absl::StrJoin(ids, ", "), ".");
  if (!rejected.empty()) absl::StrAppend(&message, " Rejected: ", absl::StrJoin(rejected, "; "), ".");
  absl::StrAppend(&message, " A file is given with its path: ", FlagOf(kind), " ./", id, ".so");
  return absl::NotFoundError(message);
}

}  // namespace

bool IsPluginPath(std::string_view plugin) { return plugin.find('/') != std::string_view::npos; }

absl::StatusOr<std::vector<std::string>> PluginFolders() {
  std::vector<std::string> folders;
  if (const char* path = getenv("STALLPOINT_PLUGIN_PATH"); path != nullptr) {
    for (absl::string_view folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
      if (folder.front() != '/') {
        return absl::FailedPreconditionError(
            absl::StrCat("STALLPOINT_PLUGIN_PATH holds the relative folder '", folder,
                         "', which would depend on where the program is started; write it from '/'"));
      }
      folders.emplace_back(folder);
    }
  }
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& installed : {here / "plugins", here.parent_path() / "lib" / "stallpoint" / "plugins"}) {
    if (fs::is_directory(installed, error)) folders.push_back(installed.string());
  }
  return folders;
}

std::vector<std::string> PluginFiles(const std::vector<std::string>& folders, std::string_view id) {
  std::vector<std::string> files;
  for (const std::string& folder : folders) {
    std::error_code error;
    std::vector<std::string> here;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() == ".so") here.push_back(entry->path().string());
    }
    std::sort(here.begin(), here.end());
    files.insert(files.end(), here.begin(), here.end());
  }
  std::stable_partition(files.begin(), files.end(), [id](const std::string& file) {
    return fs::path(file).filename().string().find(id) != std::string::npos;
  });
  return files;
}

absl::StatusOr<FoundPlugin> FindPlugin(const std::string& plugin, int32_t kind) {
  if (plugin.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(FlagOf(kind), " is empty; give the id of a ", NameOf(kind), " or the path of its file"));
  }
  if (IsPluginPath(plugin)) return FromFile(plugin, kind);
  auto folders = PluginFolders();
  if (!folders.ok()) return folders.status();
  std::vector<std::string> ids, rejected;
  for (const std::string& file : PluginFiles(*folders, plugin)) {
    auto library = PluginLibrary::Load(file);
    if (!library.ok()) {
      rejected.emplace_back(library.status().message());
      continue;
    }
    if (const sp_descriptor* found = library->Find(plugin, kind); found != nullptr) {
      return FoundPlugin{*std::move(library), found, false};
    }
    for (const sp_descriptor* descriptor : library->descriptors()) {
      if (descriptor->kind == kind) {
        ids.emplace_back(descriptor->id);
      } else if (plugin == descriptor->id) {
        rejected.push_back(absl::StrCat("'", plugin, "' in ", file, " is a ", NameOf(descriptor->kind)));
      }
    }
  }
  return NoSuchPlugin(plugin, kind, *folders, std::move(ids), rejected);
}

absl::StatusOr<FoundPlugin> FindWorkload(const std::string& plugin) { return FindPlugin(plugin, SP_KIND_WORKLOAD); }

absl::StatusOr<FoundPlugin> FindProbe(const std::string& plugin) { return FindPlugin(plugin, SP_KIND_PROBE); }

absl::StatusOr<FoundPlugin> FindWorkloadOrProbe(const std::string& plugin) {
  auto workload = FindWorkload(plugin);
  if (workload.ok()) return workload;
  auto probe = FindProbe(plugin);
  return probe.ok() ? std::move(probe) : std::move(workload);
}

}  // namespace stallpoint
