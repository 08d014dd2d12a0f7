// Splitting of texts. (Abseil's own works on absl::string_view, which is not std::string_view in every build of it.)
#ifndef STALLPOINT_TRACES_TEXT_H_
#define STALLPOINT_TRACES_TEXT_H_

#include <string_view>
#include <utility>
#include <vector>

namespace stallpoint {

// "a,,b" at ',' gives "a", "" and "b"; an empty text gives one empty part. The parts point into the text.
inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

// "key=a=b" at '=' gives "key" and "a=b"; without a separator the second is empty.
inline std::pair<std::string_view, std::string_view> SplitOnce(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TEXT_H_
