#include "traces/file_format.h"

#include <algorithm>
#include <cctype>

#include "fmt/core.h"

namespace stallpoint {
namespace {

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};

using namespace std::string_view_literals;

constexpr Magic kMagics[] = {
    {0, "\x1F\x8B"sv, "a gzip file"},
    {0, "PK\x03\x04"sv, "a zip archive"},
    {0, "\x7F\x45LF"sv, "an ELF program or library"},
    {0, "SQLite format 3\0"sv, "an SQLite database"},
    {0, "\x89PNG\r\n\x1A\n"sv, "a PNG image"},
    {0, "\xFF\xD8\xFF"sv, "a JPEG image"},
    {0, "\x28\xB5\x2F\xFD"sv, "a zstd file"},
    {0, "BZh"sv, "a bzip2 file"},
    {0, "\xFD\x37zXZ\0"sv, "an xz file"},
    {0, "%PDF-"sv, "a PDF document"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "\x89HDF\r\n\x1A\n"sv, "an HDF5 file"},
    {0, "\x80\x02"sv, "a Python pickle"},
    {257, "ustar"sv, "a tar archive"},
};

bool IsText(std::string_view head) {
  return std::ranges::none_of(head, [](unsigned char c) { return c < ' ' && !std::isspace(c); });
}

}  // namespace

std::string DescribeFormat(std::string_view head) {
  head = head.substr(0, kFormatHeadBytes);
  if (head.empty()) return "an empty file";
  for (const Magic& magic : kMagics) {
    if (head.size() > magic.offset && head.substr(magic.offset).starts_with(magic.bytes))
      return std::string(magic.name);
  }
  if (head.find_first_not_of('\0') == std::string_view::npos) return "zeros";
  if (IsText(head)) {
    const size_t first = head.find_first_not_of(" \t\r\n");
    const bool is_json = first != std::string_view::npos && (head[first] == '{' || head[first] == '[');
    return is_json ? "JSON" : "text";
  }
  std::string beginning;
  for (const unsigned char c : head.substr(0, 8)) beginning += fmt::format(" {:02x}", c);
  return "data of unknown format beginning" + beginning;
}

}  // namespace stallpoint
