// The file a user names as a plugin: judged from its bytes, before anything in it runs.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "harness/host/elf_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int file = memfd_create("plugin", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const absl::Status checked = stallpoint::CheckSharedLibrary("/proc/self/fd/" + std::to_string(file));
  if (!checked.ok() && checked.message().find("expected") == absl::string_view::npos) std::abort();
  close(file);
  return 0;
}
