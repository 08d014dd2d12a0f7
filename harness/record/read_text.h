// Small files of /proc and /sys, whole.
#ifndef STALLPOINT_HARNESS_RECORD_READ_TEXT_H_
#define STALLPOINT_HARNESS_RECORD_READ_TEXT_H_

#include <fstream>
#include <iterator>
#include <string>

namespace stallpoint {

// Empty when there is no such file, or this user may not read it.
inline std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_READ_TEXT_H_
