#include "harness/host/elf_check.h"

#include <elf.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
#error "name this machine's ELF architecture here"
#endif

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

std::string MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "x86 (32 bit)";
    case EM_ARM:
      return "ARM (32 bit)";
    case EM_PPC64:
      return "PowerPC 64";
    case EM_RISCV:
      return "RISC-V";
    default:
      return absl::StrCat("ELF machine ", machine);
  }
}

std::string TypeName(uint16_t type) {
  switch (type) {
    case ET_REL:
      return "an object file";
    case ET_EXEC:
      return "a program";
    case ET_CORE:
      return "a core dump";
    default:
      return absl::StrCat("ELF type ", type);
  }
}

absl::Status NotALibrary(const std::string& path, absl::string_view found, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": found ", found, ", expected ", expected,
                                                 "; build the plugin as a shared library for this machine"));
}

}  // namespace

absl::Status CheckSharedLibrary(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("plugin file ", path));
  if (!S_ISREG(status.st_mode)) return NotALibrary(path, "something that is no regular file", "an ELF shared library");
  std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path.c_str(), "rbe"), &fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("plugin file ", path));

  // The leading fields have the same place in both classes, so that a 32-bit file can be named as such.
  Elf64_Ehdr header = {};
  const size_t got = fread(&header, 1, sizeof(header), file.get());
  if (got < SELFMAG || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return NotALibrary(path, got == 0 ? "an empty file" : "a file without the ELF magic", "an ELF shared library");
  }
  if (got < offsetof(Elf64_Ehdr, e_version)) return NotALibrary(path, "a truncated ELF file", "an ELF shared library");
  if (header.e_ident[EI_DATA] != kByteOrder) return NotALibrary(path, "the other byte order", MachineName(kMachine));
  if (header.e_machine != kMachine) return NotALibrary(path, MachineName(header.e_machine), MachineName(kMachine));
  if (header.e_ident[EI_CLASS] != kClass) {
    return NotALibrary(path, header.e_ident[EI_CLASS] == ELFCLASS32 ? "a 32-bit file" : "an unknown ELF class",
                       absl::StrCat("a ", 8 * sizeof(void*), "-bit file"));
  }
  if (header.e_type != ET_DYN) return NotALibrary(path, TypeName(header.e_type), "a shared library");
  return absl::OkStatus();
}

absl::Status CheckNotWorldWritable(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("plugin file ", path));
  if ((file.st_mode & S_IWOTH) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is writable by everybody, so that anybody could put code into this run; chmod o-w it"));
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat parent;
  if (stat(folder.c_str(), &parent) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("plugin folder ", folder));
  if ((parent.st_mode & S_IWOTH) != 0 && (parent.st_mode & S_ISVTX) == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the folder ", folder, " is writable by everybody, so that anybody could replace ", path, "; chmod o-w it"));
  }
  return absl::OkStatus();
}

}  // namespace stallpoint
