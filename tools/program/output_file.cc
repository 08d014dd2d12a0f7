#include "tools/program/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

absl::Status FileError(const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(error)));
}

}  // namespace

absl::Status CheckWritable(const std::string& path, bool overwrite) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return errno == ENOENT ? absl::OkStatus() : FileError(path, errno);
  if (!S_ISREG(found.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": exists and is not a regular file; name another file"));
  }
  if (overwrite) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(path, ": exists already; --force overwrites it"));
}

absl::Status WriteNewFile(const std::string& path, std::string_view content, bool overwrite, mode_t mode) {
  if (const absl::Status writable = CheckWritable(path, overwrite); !writable.ok()) return writable;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), mode);
  if (fd < 0) return FileError(path, errno);
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      close(fd);
      return FileError(path, error);
    }
    content.remove_prefix(written);
  }
  return close(fd) == 0 ? absl::OkStatus() : FileError(path, errno);
}

}  // namespace stallpoint
