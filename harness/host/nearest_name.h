// The name that was probably meant.
#ifndef STALLPOINT_HARNESS_HOST_NEAREST_NAME_H_
#define STALLPOINT_HARNESS_HOST_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace stallpoint {

// The one of `names` with the smallest edit distance to `typed`, or "" when none is near (more than a third differs).
std::string NearestName(std::string_view typed, const std::vector<std::string>& names);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_NEAREST_NAME_H_
