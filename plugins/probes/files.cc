#include "plugins/probes/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace stallpoint::probes {
namespace {

constexpr size_t kMostBytes = 1 << 20;

}  // namespace

std::string Files::read(const std::string& name) const {
  const int descriptor = open(path(name).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  std::string text;
  char block[4096];
  for (ssize_t got; text.size() < kMostBytes && (got = ::read(descriptor, block, sizeof block)) > 0;) {
    text.append(block, static_cast<size_t>(got));
    // The files of a task fit in a block, and the second call costs as much as the first.
    if (static_cast<size_t>(got) < sizeof block / 2) break;
  }
  close(descriptor);
  return text;
}

std::vector<std::string> Files::list(const std::string& name) const {
  std::vector<std::string> names;
  DIR* folder = opendir(path(name).c_str());
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(folder);
  return names;
}

std::string Files::link_name(const std::string& name) const {
  char target[4096];
  const ssize_t length = readlink(path(name).c_str(), target, sizeof target);
  if (length <= 0) return "";
  const std::string text(target, static_cast<size_t>(length));
  return text.substr(text.rfind('/') + 1);
}

}  // namespace stallpoint::probes
