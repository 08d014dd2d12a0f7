#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "catch.h"
#include "harness/record/thread_usage.h"
#include "harness/run/page_cache.h"
#include "tests/harness/run_support.h"
#include "tests/harness/scratch_folder.h"

namespace stallpoint {
namespace {

using Catch::Contains;

void Write(const std::string& path, size_t bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  const std::vector<char> content(bytes, 'x');
  REQUIRE(write(file, content.data(), bytes) == static_cast<ssize_t>(bytes));
  close(file);
}

// Bytes that reading the file took from storage.
uint64_t FetchedBy(const std::string& path) {
  std::vector<char> content(1 << 20);
  const ThreadUsage before = ReadThreadUsage();
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  while (read(file, content.data(), content.size()) > 0) {
  }
  close(file);
  usleep(100);  // a thread that did not stop for anything is not asked again
  return (ReadThreadUsage() - before).storage_bytes;
}

}  // namespace

TEST_CASE("Files that the page cache let go of come from storage once, and from memory then") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path() / "class");
  const std::string path = folder.File("class/sample");
  constexpr size_t kBytes = 300'000;
  Write(path, kBytes);
  CHECK(FetchedBy(path) == 0);
  const absl::Status dropped = DropPageCache(folder.path().string());
  if (absl::IsFailedPrecondition(dropped)) {
    WARN("skipped: " << dropped.message());
    return;
  }
  REQUIRE(dropped.ok());
  const uint64_t fetched = FetchedBy(path);
  if (fetched == 0) {
    WARN("skipped: the file system of " << folder.path() << " does not count what is read from storage");
    return;
  }
  CHECK(fetched >= kBytes);
  CHECK(fetched <= kBytes + (1 << 20));
  CHECK(FetchedBy(path) == 0);
}

TEST_CASE("A folder in memory has nothing colder than itself, and one that is not there is not found") {
  struct statfs where;
  if (statfs("/dev/shm", &where) == 0 && where.f_type == TMPFS_MAGIC) {
    const absl::Status dropped = DropPageCache("/dev/shm");
    CHECK(absl::IsFailedPrecondition(dropped));
    CHECK_THAT(std::string(dropped.message()), Contains("in memory"));
  }
  CHECK(absl::IsNotFound(DropPageCache("/nowhere/at/all")));
}

TEST_CASE("A cold run without a data folder is refused before it begins") {
  RunRequest request = Misbehaving({});
  request.cold_data = true;
  CHECK_THAT(std::string(RefusalOf(request).message()), Contains("--cold: found no --data"));
}

}  // namespace stallpoint
