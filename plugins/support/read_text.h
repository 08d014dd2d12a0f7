// A whole small file as text.
#ifndef STALLPOINT_PLUGINS_SUPPORT_READ_TEXT_H_
#define STALLPOINT_PLUGINS_SUPPORT_READ_TEXT_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "stallpoint/plugin/error.h"

namespace stallpoint::bundled {

// Throws SP_NOT_FOUND with the path when it cannot be read.
inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || !std::filesystem::is_regular_file(path)) {
    throw plugin::Error(SP_NOT_FOUND, path.string() + ": cannot be read");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace stallpoint::bundled

#endif  // STALLPOINT_PLUGINS_SUPPORT_READ_TEXT_H_
