// Names the format of a file that turned out not to be a trace.
#ifndef STALLPOINT_TRACES_FILE_FORMAT_H_
#define STALLPOINT_TRACES_FILE_FORMAT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace stallpoint {

// How many bytes of the beginning are enough to tell.
inline constexpr size_t kFormatHeadBytes = 512;

// "a gzip file", "JSON", "zeros", "text", ...; "data of unknown format beginning 00 01 02 03" when it cannot be told.
std::string DescribeFormat(std::string_view head);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_FILE_FORMAT_H_
