#include "harness/run/memory_group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/record/host_identity.h"
#include "harness/record/read_text.h"
#include "traces/text.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

constexpr char kMount[] = "/sys/fs/cgroup";
constexpr std::string_view kPrefix = kOwnGroupPrefix;  // then the process that made it, '-', a number

absl::Status WriteText(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(file);
  return written ? absl::OkStatus() : absl::ErrnoToStatus(error, absl::StrCat(path, " <- ", text));
}

// The number behind `key` in lines of "key value"; 0 when there is none.
int64_t ValueOf(const std::string& text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    const auto [name, value] = SplitOnce(line, ' ');
    if (name == key) return atoll(std::string(value).c_str());
  }
  return 0;
}

// A group is removed as soon as the processes in it are gone, which the kernel may take a moment to notice.
bool RemoveGroup(const std::string& folder) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (rmdir(folder.c_str()) == 0 || errno != EBUSY) return errno != EBUSY;
    usleep(2000);
  }
  return false;
}

// Groups whose maker is gone: it was killed, and its run with it.
void RemoveLeftovers(const std::string& place) {
  std::error_code error;
  for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto maker = static_cast<pid_t>(atoll(name.c_str() + kPrefix.size()));
    if (maker <= 0 || kill(maker, 0) == 0 || errno != ESRCH) continue;
    const std::string processes = ReadText(entry->path() / "cgroup.procs");
    for (const std::string_view process : Split(processes, '\n')) {
      const auto left = static_cast<pid_t>(atoll(std::string(process).c_str()));
      if (left > 0) kill(left, SIGKILL);
    }
    RemoveGroup(entry->path().string());
  }
}

absl::Status Limit(const std::string& folder, int version, uint64_t limit_bytes) {
  const std::string limit = absl::StrCat(limit_bytes);
  if (version == 2) {
    if (absl::Status limited = WriteText(folder + "/memory.max", limit); !limited.ok()) return limited;
    WriteText(folder + "/memory.swap.max", "0").IgnoreError();   // absent without swap
    WriteText(folder + "/memory.oom.group", "1").IgnoreError();  // the run's own children go with it
    return absl::OkStatus();
  }
  if (absl::Status limited = WriteText(folder + "/memory.limit_in_bytes", limit); !limited.ok()) return limited;
  WriteText(folder + "/memory.memsw.limit_in_bytes", limit).IgnoreError();
  return absl::OkStatus();
}

}  // namespace

std::vector<GroupPlace> GroupPlaces(std::string_view groups, const std::string& mount) {
  std::vector<GroupPlace> places;
  for (const std::string_view line : Split(groups, '\n')) {
    // "0::/user.slice/app.slice/shell.scope" is version 2, "4:memory:/group" version 1.
    const auto [controllers, path] = SplitOnce(SplitOnce(line, ':').second, ':');
    if (path.empty() || path[0] != '/') continue;
    const std::string group = path == "/" ? "" : std::string(path);
    const std::vector<std::string_view> names = Split(controllers, ',');
    if (std::find(names.begin(), names.end(), "memory") != names.end()) {
      places.insert(places.begin(), {absl::StrCat(mount, "/", std::string(controllers), group), 1});
    } else if (controllers.empty() && line.starts_with("0:")) {
      for (std::string above = group; !above.empty();) {
        above.resize(above.rfind('/'));
        places.push_back({mount + above, 2});
      }
    }
  }
  return places;
}

absl::StatusOr<MemoryGroup> MemoryGroup::Make(uint64_t limit_bytes) {
  static std::atomic<int> made{0};
  absl::Status why = absl::FailedPreconditionError("this system has no control groups for memory");
  for (const GroupPlace& place : GroupPlaces(ReadText("/proc/self/cgroup"), kMount)) {
    if (place.version == 2) {
      const std::string offered = ReadText(place.folder + "/cgroup.subtree_control");
      if (offered.find("memory") == std::string::npos) continue;
    }
    RemoveLeftovers(place.folder);
    const std::string folder = absl::StrCat(place.folder, "/", std::string(kPrefix), getpid(), "-", made++);
    if (mkdir(folder.c_str(), 0755) != 0) {
      why = absl::FailedPreconditionError(absl::StrCat("no control group can be made in ", place.folder, ": ",
                                                       std::string(absl::ErrnoToStatus(errno, "").message())));
      continue;
    }
    MemoryGroup group(folder, place.version);
    if (absl::Status limited = Limit(folder, place.version, limit_bytes); !limited.ok()) {
      why = absl::FailedPreconditionError(limited.message());
      continue;
    }
    return group;
  }
  return why;
}

MemoryGroup::MemoryGroup(MemoryGroup&& other) noexcept
    : folder_(std::exchange(other.folder_, "")), version_(other.version_) {}

MemoryGroup::~MemoryGroup() {
  if (!folder_.empty()) RemoveGroup(folder_);
}

absl::Status MemoryGroup::Add(pid_t process) { return WriteText(folder_ + "/cgroup.procs", absl::StrCat(process)); }

int64_t MemoryGroup::kills() const {
  return ValueOf(ReadText(folder_ + (version_ == 2 ? "/memory.events" : "/memory.oom_control")), "oom_kill");
}

std::string MemoryGroup::Describe() const {
  return absl::StrCat("a control group (version ", version_, "): all memory, and the page cache of what it reads");
}

}  // namespace stallpoint
