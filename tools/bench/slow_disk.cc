// A slow disk: a file whose reads take as long as those of a storage that one states, for a loop device to be made of.
//
//   slow_disk IMAGE MOUNT_POINT --latency 300us --speed 40MB --streams 2
//
// MOUNT_POINT/disk then has the content of IMAGE. A read takes the latency and its size over the speed; so many go on
// at a time, the others wait their turn. Nothing of it is cached by the kernel, so that the page cache of a file system
// on the loop device is the only one. Stays in the background until it is unmounted (fusermount3 -u MOUNT_POINT). Used
// by tools/bench/page_cache.
#define FUSE_USE_VERSION 31
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "fmt/core.h"
#include "traces/units.h"

namespace {

constexpr std::string_view kDiskPath = "/disk";

class Disk {
 public:
  Disk(int image, int64_t latency_ns, double ns_per_byte, int streams)
      : image_(image), latency_ns_(latency_ns), ns_per_byte_(ns_per_byte), free_(streams) {}

  off_t size() const {
    struct stat image;
    return fstat(image_, &image) == 0 ? image.st_size : 0;
  }

  int Read(char* into, size_t size, off_t offset) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](int* free) { return *free > 0; }, &free_));
      --free_;
    }
    const auto takes = static_cast<int64_t>(static_cast<double>(size) * ns_per_byte_);
    std::this_thread::sleep_for(std::chrono::nanoseconds(latency_ns_ + takes));
    const ssize_t read = pread(image_, into, size, offset);
    const int error = errno;
    absl::MutexLock lock(&mutex_);
    ++free_;
    return read < 0 ? -error : static_cast<int>(read);
  }

 private:
  const int image_;
  const int64_t latency_ns_;
  const double ns_per_byte_;
  absl::Mutex mutex_;
  int free_ ABSL_GUARDED_BY(mutex_);
};

Disk& ThisDisk() { return *static_cast<Disk*>(fuse_get_context()->private_data); }

void* Begin(fuse_conn_info* connection, fuse_config*) {
  connection->want |= connection->capable & FUSE_CAP_ASYNC_DIO;
  return fuse_get_context()->private_data;
}

int Describe(const char* path, struct stat* about, fuse_file_info*) {
  *about = {};
  if (std::string_view(path) == "/") {
    about->st_mode = S_IFDIR | 0755;
    about->st_nlink = 2;
    return 0;
  }
  if (path != kDiskPath) return -ENOENT;
  about->st_mode = S_IFREG | 0444;
  about->st_nlink = 1;
  about->st_size = ThisDisk().size();
  return 0;
}

int List(const char*, void* names, fuse_fill_dir_t add, off_t, fuse_file_info*, fuse_readdir_flags) {
  add(names, kDiskPath.data() + 1, nullptr, 0, fuse_fill_dir_flags{});
  return 0;
}

int Open(const char* path, fuse_file_info* file) {
  file->direct_io = 1;
  return path == kDiskPath ? 0 : -ENOENT;
}

int Read(const char*, char* into, size_t size, off_t offset, fuse_file_info*) {
  return ThisDisk().Read(into, size, offset);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("A slow disk: a file whose reads take as long as those of the storage that is stated");
  std::string image, mount_point, latency = "300us", speed = "40MB";
  int streams = 2;
  program.add_option("IMAGE", image, "content of the disk")->required();
  program.add_option("MOUNT_POINT", mount_point, "folder in which the file `disk` appears")->required();
  program.add_option("--latency", latency, "of a read")->capture_default_str();
  program.add_option("--speed", speed, "bytes a second of one read")->capture_default_str();
  program.add_option("--streams", streams, "reads that go on at a time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  CLI11_PARSE(program, argc, argv);
  const auto latency_ns = stallpoint::ParseTimeNs(latency);
  const auto bytes_per_s = stallpoint::ParseSize(speed);
  if (!latency_ns.ok() || !bytes_per_s.ok() || *bytes_per_s == 0) {
    fmt::print(stderr, "found --latency {} --speed {}, expected a time and a size, like 300us and 40MB\n", latency,
               speed);
    return 2;
  }
  const int file = open(image.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    fmt::print(stderr, "{}: {}\n", image, strerror(errno));
    return 2;
  }
  Disk disk(file, *latency_ns, 1e9 / static_cast<double>(*bytes_per_s), streams);
  fuse_operations operations = {};
  operations.init = Begin;
  operations.getattr = Describe;
  operations.readdir = List;
  operations.open = Open;
  operations.read = Read;
  char* fuse_arguments[] = {argv[0], mount_point.data(), nullptr};
  return fuse_main(2, fuse_arguments, &operations, &disk);
}
