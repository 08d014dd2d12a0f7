#include "plugins/synthetic/scratch_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "plugins/support/keyed_random.h"
#include "stallpoint/plugin/error.h"

namespace stallpoint::synthetic {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kChunk = uint64_t{1} << 20;

[[noreturn]] void Fail(const std::string& what, const std::string& folder, int error) {
  const sp_code code = error == ENOSPC ? SP_RESOURCE_EXHAUSTED : SP_FAILED_PRECONDITION;
  throw plugin::Error(code, "cannot " + what + " the generated file in " + folder + ": " +
                                std::generic_category().message(error) + "; give another folder with --data");
}

}  // namespace

ScratchFile::ScratchFile(std::string folder, uint64_t size_bytes)
    : folder_(std::move(folder)), size_bytes_(std::max(kPage, size_bytes / kPage * kPage)) {
  if (folder_.empty()) {
    const char* temporary = getenv("TMPDIR");
    folder_ = temporary != nullptr && *temporary != '\0' ? temporary : "/tmp";
  }
  std::string path = folder_ + "/stallpoint-synthetic-XXXXXX";
  descriptor_ = mkstemp(path.data());
  if (descriptor_ < 0) Fail("create", folder_, errno);
  unlink(path.c_str());

  std::vector<uint64_t> block(kChunk / sizeof(uint64_t));
  bundled::KeyedRandom random(size_bytes_, "scratch file", 0);
  for (uint64_t& word : block) word = random.bits();
  for (uint64_t written = 0; written < size_bytes_;) {
    const ssize_t count = write(descriptor_, block.data(), std::min(kChunk, size_bytes_ - written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count < 0 ? errno : EIO;
      close(descriptor_);
      Fail("write", folder_, error);
    }
    written += static_cast<uint64_t>(count);
  }
}

ScratchFile::~ScratchFile() { close(descriptor_); }

uint64_t ScratchFile::Read(uint64_t key, uint64_t bytes, std::vector<std::byte>& buffer) const {
  buffer.resize(std::max<size_t>(buffer.size(), std::min(bytes, kChunk)));
  uint64_t offset = key % (size_bytes_ / kPage) * kPage;
  uint64_t done = 0;
  while (done < bytes) {
    const uint64_t wanted = std::min({bytes - done, kChunk, size_bytes_ - offset});
    const ssize_t count = pread(descriptor_, buffer.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) Fail("read", folder_, count < 0 ? errno : EIO);
    done += static_cast<uint64_t>(count);
    offset = (offset + static_cast<uint64_t>(count)) % size_bytes_;
  }
  return done;
}

}  // namespace stallpoint::synthetic
