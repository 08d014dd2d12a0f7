// Text of a run made fit to be shown: names in a trace are bytes and may be anything.
#ifndef STALLPOINT_TRACES_UTF8_H_
#define STALLPOINT_TRACES_UTF8_H_

#include <string>
#include <string_view>

namespace stallpoint {

// The text with each byte that is no part of valid UTF-8 replaced by U+FFFD.
std::string ValidUtf8(std::string_view bytes);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_UTF8_H_
