#include "harness/run/page_cache.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

namespace fs = std::filesystem;

// A file that cannot be opened here is for the workload to complain of.
void DropFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return;
  fdatasync(file);
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  close(file);
}

}  // namespace

absl::Status DropPageCache(const std::string& folder) {
  struct statfs where;
  if (statfs(folder.c_str(), &where) != 0) return absl::ErrnoToStatus(errno, folder);
  if (where.f_type == TMPFS_MAGIC || where.f_type == RAMFS_MAGIC) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--cold: ", folder, " is a file system in memory, there is no storage behind it; expected files on a disk"));
  }
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) DropFile(entry->path().string());
  }
  return error ? absl::ErrnoToStatus(error.value(), folder) : absl::OkStatus();
}

}  // namespace stallpoint
