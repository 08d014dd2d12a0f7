// Writes a whole file, its folder made when absent.
#ifndef STALLPOINT_PLUGINS_MAKE_IMAGES_WRITE_FILE_H_
#define STALLPOINT_PLUGINS_MAKE_IMAGES_WRITE_FILE_H_

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace stallpoint::images {

// Throws std::runtime_error with the path when it cannot.
inline void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_MAKE_IMAGES_WRITE_FILE_H_
