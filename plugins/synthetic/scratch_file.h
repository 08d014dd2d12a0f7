// A generated file to read from, without a name: gone when closed, even after a crash. Reading is safe from all
// threads.
#ifndef STALLPOINT_PLUGINS_SYNTHETIC_SCRATCH_FILE_H_
#define STALLPOINT_PLUGINS_SYNTHETIC_SCRATCH_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stallpoint::synthetic {

class ScratchFile {
 public:
  // In `folder`, or in $TMPDIR or /tmp when empty. Throws an Error with the path and the system's reason.
  ScratchFile(std::string folder, uint64_t size_bytes);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Reads `bytes` from a page that `key` chooses, going on at the start after the end, into `buffer`, which grows as
  // needed and holds at most 1 MiB at a time. Returns how many it read.
  uint64_t Read(uint64_t key, uint64_t bytes, std::vector<std::byte>& buffer) const;

 private:
  std::string folder_;
  uint64_t size_bytes_;
  int descriptor_ = -1;
};

}  // namespace stallpoint::synthetic

#endif  // STALLPOINT_PLUGINS_SYNTHETIC_SCRATCH_FILE_H_
