#include "tools/program/nsight.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

extern char** environ;

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

// Folders in which the importer lies beside the libraries it needs.
std::vector<fs::path> ImporterFolders() {
  std::vector<fs::path> folders;
  std::error_code ignored;
  const std::vector<std::string> on_path = absl::StrSplit(std::getenv("PATH") ? std::getenv("PATH") : "", ':');
  for (const std::string& folder : on_path) {
    folders.emplace_back(folder);
    // `nsys` on the PATH is a link into target-linux-x64; the importer is in its neighbour.
    const fs::path nsys = fs::canonical(fs::path(folder) / "nsys", ignored);
    if (!nsys.empty()) folders.push_back(nsys.parent_path().parent_path() / "host-linux-x64");
  }
  folders.emplace_back("/usr/lib/nsight-systems/host-linux-x64");
  for (const char* root : {"/opt/nvidia/nsight-systems", "/usr/local/cuda"}) {
    for (fs::directory_iterator it(root, ignored), end; it != end; it.increment(ignored)) {
      folders.push_back(it->path() / "host-linux-x64");
    }
  }
  return folders;
}

}  // namespace

absl::StatusOr<std::string> FindNsightImporter() {
  for (const fs::path& folder : ImporterFolders()) {
    const fs::path importer = folder / "ImportNvtxt";
    if (access(importer.c_str(), X_OK) == 0) return importer.string();
  }
  return absl::NotFoundError(
      "Nsight Systems' ImportNvtxt was not found; tools/setup --nsight installs Debian's, or write X.nvtxt and import "
      "it on "
      "a machine that has Nsight");
}

absl::Status ImportIntoNsight(const std::string& text, const std::string& report) {
  const auto importer = FindNsightImporter();
  if (!importer.ok()) return importer.status();
  std::error_code ignored;
  fs::remove(report, ignored);

  std::string library_path = absl::StrCat("LD_LIBRARY_PATH=", fs::path(*importer).parent_path().string());
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "LD_LIBRARY_PATH=")) environment.push_back(*variable);
  }
  environment.push_back(library_path.data());
  environment.push_back(nullptr);
  std::vector<std::string> arguments = {*importer, "--cmd", "create", "-n", text, "-o", report};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return absl::InternalError(absl::StrCat("pipe: ", std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
  pid_t child = -1;
  const int spawned = posix_spawn(&child, importer->c_str(), &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  std::string said;
  if (spawned == 0) {
    std::array<char, 4096> part;
    for (ssize_t n; (n = read(output[0], part.data(), part.size())) != 0;) {
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) break;
      said.append(part.data(), n);
    }
  }
  close(output[0]);
  if (spawned != 0) return absl::InternalError(absl::StrCat(*importer, ": ", std::strerror(spawned)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && fs::exists(report)) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("ImportNvtxt did not make ", report, "; it said: ", absl::StripAsciiWhitespace(said)));
}

}  // namespace stallpoint
