#include "tools/program/plugin_new.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "fmt/core.h"
#include "tools/program/output_file.h"
#include "tools/program/text.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWorkload = "workload", kProbe = "probe";
// The plugin's name becomes a target of its project, and CMake keeps these for itself.
constexpr std::array<std::string_view, 11> kNamesOfCMake = {"all",        "clean",         "depend",  "edit_cache",
                                                            "help",       "install",       "package", "package_source",
                                                            "preinstall", "rebuild_cache", "test"};

struct NewFlags {
  std::string kind, name, folder;
  bool torch = false;
};

struct TemplateFile {
  fs::path path;  // in the new project
  std::string content;
};

bool IsOfCMake(std::string_view name) {
  return std::find(kNamesOfCMake.begin(), kNamesOfCMake.end(), name) != kNamesOfCMake.end();
}

bool IsWordCharacter(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; }

// A legal name as near to `typed` as can be.
std::string LegalName(std::string_view typed) {
  std::string name;
  for (const char c : typed) {
    const char lower = absl::ascii_tolower(c);
    if (name.empty() && !absl::ascii_islower(lower)) continue;
    name += IsWordCharacter(lower) ? lower : '_';
  }
  if (name.empty()) return "my_plugin";
  return IsOfCMake(name) ? name + "_plugin" : name;
}

std::string CheckKind(const std::string& kind) {
  return kind == kWorkload || kind == kProbe ? ""
                                             : fmt::format("found '{}', expected {} or {}", kind, kWorkload, kProbe);
}

std::string CheckName(const std::string& name) {
  if (IsOfCMake(name)) {
    return fmt::format("found '{}', which CMake keeps for itself; expected for example {}", name, LegalName(name));
  }
  const bool legal =
      !name.empty() && absl::ascii_islower(name.front()) && std::all_of(name.begin(), name.end(), IsWordCharacter);
  return legal ? ""
               : fmt::format("found '{}', expected a letter a-z, then a-z, 0-9 and _; for example {}", name,
                             LegalName(name));
}

// "image_pairs" is ImagePairs.
std::string ClassName(std::string_view name) {
  std::string result;
  bool begins = true;
  for (const char c : name) {
    if (c != '_') result += begins ? absl::ascii_toupper(c) : c;
    begins = c == '_';
  }
  return result;
}

absl::Status IoError(const fs::path& path, const std::error_code& error) {
  return absl::UnavailableError(absl::StrCat(path.string(), ": ", error.message()));
}

// The folder above the program's: what CMake calls the prefix, in an installation as in a build tree.
absl::StatusOr<fs::path> InstallPrefix() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return IoError("/proc/self/exe", error);
  return program.parent_path().parent_path();
}

// The files of the template with its placeholders filled in.
absl::StatusOr<std::vector<TemplateFile>> FillIn(const fs::path& folder, const std::string& name) {
  const std::vector<std::pair<std::string, std::string>> values = {{"@NAME@", name}, {"@CLASS@", ClassName(name)}};
  std::vector<TemplateFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    std::ifstream stream(entry->path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) return absl::UnavailableError(absl::StrCat(entry->path().string(), ": cannot be read"));
    const std::string path = entry->path().lexically_relative(folder).string();
    files.push_back({absl::StrReplaceAll(absl::StripSuffix(path, ".in"), values), absl::StrReplaceAll(text, values)});
  }
  if (error || files.empty()) {
    return absl::NotFoundError(absl::StrCat(folder.string(), ": ", error ? error.message() : "no template there",
                                            "; reinstall stallpoint, or build the target stallpoint_templates"));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

absl::Status CheckFolder(const fs::path& folder, bool force) {
  std::error_code error;
  if (!fs::exists(folder, error)) return error ? IoError(folder, error) : absl::OkStatus();
  if (!fs::is_directory(folder, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(folder.string(), ": exists and is not a folder; name another with -o"));
  }
  const bool empty = fs::is_empty(folder, error);
  if (error) return IoError(folder, error);
  if (empty || force) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat(folder.string(),
                   ": exists and is not empty; name another folder with -o, or overwrite files in it with --force"));
}

absl::Status WriteProject(const std::vector<TemplateFile>& files, const fs::path& folder, bool overwrite) {
  for (const TemplateFile& file : files) {
    if (absl::Status writable = CheckWritable(folder / file.path, overwrite); !writable.ok()) return writable;
  }
  for (const TemplateFile& file : files) {
    const fs::path path = folder / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return IoError(path.parent_path(), error);
    if (absl::Status written = WriteNewFile(path, file.content, overwrite, 0666); !written.ok()) return written;
  }
  return absl::OkStatus();
}

std::string ShellWord(const fs::path& path) {
  const std::string text = path.string();
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || std::string_view("_-./+,:@%=").find(c) != std::string_view::npos;
  });
  return plain ? text : absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

int NewProject(const NewFlags& flags, const Context& context) {
  if (flags.torch && flags.kind != kWorkload) {
    return Fail(absl::InvalidArgumentError(
                    fmt::format("--torch: found the kind {}, expected {}: only that trains", flags.kind, kWorkload)),
                kExitUsage);
  }
  const fs::path folder = flags.folder.empty() ? flags.name : flags.folder;
  if (const absl::Status usable = CheckFolder(folder, context.force); !usable.ok()) return Fail(usable, kExitIo);
  const auto prefix = InstallPrefix();
  if (!prefix.ok()) return Fail(prefix.status(), kExitIo);
  const auto files =
      FillIn(*prefix / "share/stallpoint/templates" / (flags.kind + (flags.torch ? "_torch" : "")), flags.name);
  if (!files.ok()) return Fail(files.status(), kExitIo);
  if (const absl::Status written = WriteProject(*files, folder, context.force); !written.ok())
    return Fail(written, kExitIo);

  if (context.json) {
    nlohmann::ordered_json json = JsonHead();
    json["plugin"] = flags.name;
    json["folder"] = fs::absolute(folder).lexically_normal().string();
    json["files"] = nlohmann::ordered_json::array();
    for (const TemplateFile& file : *files) json["files"].push_back(file.path.string());
    PrintJson(json);
    return kExitOk;
  }
  for (const TemplateFile& file : *files) fmt::print("{}\n", Printable((folder / file.path).string()));
  const std::string source = ShellWord(folder), build = ShellWord(folder / "build");
  fmt::print("next:\n{}",
             Printable(fmt::format("  cmake -S {} -B {} -DCMAKE_PREFIX_PATH={}", source, build, ShellWord(*prefix))) +
                 "\n" + Printable(fmt::format("  cmake --build {}", build)) + "\n" +
                 Printable(fmt::format("  ctest --test-dir {} --output-on-failure", build)) + "\n");
  return kExitOk;
}

}  // namespace

void AddPluginNew(CLI::App& plugin_verb, Context& context, int& exit_code) {
  CLI::App* verb =
      plugin_verb.add_subcommand("new", "Write a project for a plugin of your own, which builds, runs and is tested");
  auto flags = std::make_shared<NewFlags>();
  verb->add_option("KIND", flags->kind, "workload or probe")->required()->check(CheckKind);
  verb->add_option("NAME", flags->name, "Id of the plugin: a-z, 0-9 and _")->required()->check(CheckName);
  verb->add_flag("--torch", flags->torch, "Train by LibTorch");
  verb->add_option("-o", flags->folder, "Folder of the project (default: ./NAME)")->type_name("DIR");
  verb->footer("Example:\n  stallpoint plugin new workload squares\n  stallpoint plugin new probe power");
  AddCommonFlags(*verb, context);
  verb->callback([=, &context, &exit_code] { exit_code = NewProject(*flags, context); });
}

}  // namespace stallpoint
