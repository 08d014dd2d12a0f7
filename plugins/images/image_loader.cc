#include "plugins/images/image_loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "plugins/images/png.h"

namespace stallpoint::images {
namespace {

void ReadImageFile(const std::filesystem::path& path, const std::string& name, std::vector<uint8_t>* bytes) {
  const auto fail = [&name](const std::string& why) { throw plugin::Error(SP_DATA_LOSS, name + ": " + why); };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("cannot be opened: " + std::generic_category().message(errno));
  struct stat status;
  const bool known = fstat(descriptor, &status) == 0;
  bytes->resize(known ? static_cast<size_t>(status.st_size) : 0);
  size_t done = 0;
  ssize_t count = 1;
  while (done < bytes->size() && count > 0) {
    count = read(descriptor, bytes->data() + done, bytes->size() - done);
    if (count > 0) done += static_cast<size_t>(count);
    if (count < 0 && errno == EINTR) count = 1;
  }
  const int error = errno;
  close(descriptor);
  if (count < 0) fail("cannot be read: " + std::generic_category().message(error));
  if (done == 0) fail("is empty");
  bytes->resize(done);
}

}  // namespace

ImageLoader::ImageLoader(plugin::Host host, const plugin::Options& options, const sp_knobs& knobs)
    : host_(host),
      read_id_(host.intern("read")),
      decode_id_(host.intern("decode")),
      faults_(host, options, knobs.seed) {
  for (int32_t i = 0; i < std::max(1, knobs.worker_count); ++i) workers_.push_back(std::make_unique<Worker>());
}

ImageLoader::Worker& ImageLoader::Load(int32_t worker, uint64_t index, const std::filesystem::path& path,
                                       const std::string& name, int scale_denominator) {
  Worker& w = *workers_.at(static_cast<size_t>(worker));
  {
    plugin::Stage read(host_, read_id_);
    faults_.during_read(index);
    ReadImageFile(path, name, &w.file);
    read.bytes(w.file.size());
  }
  plugin::Stage decode(host_, decode_id_);
  faults_.during_decode(index, name);
  if (IsPng(w.file) || path.extension() == ".png") {
    DecodePng(w.file, name, &w.image);
  } else {
    w.jpeg.Decode(w.file, name, scale_denominator, &w.image);
  }
  return w;
}

}  // namespace stallpoint::images
