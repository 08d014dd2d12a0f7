// The page cache of a data set.
#ifndef STALLPOINT_HARNESS_RUN_PAGE_CACHE_H_
#define STALLPOINT_HARNESS_RUN_PAGE_CACHE_H_

#include <string>

#include "absl/status/status.h"

namespace stallpoint {

// Lets go of what the page cache holds of the regular files under `folder`, so that the next read of each comes from
// storage. Needs no privilege; what is not yet on the disk is written first. Pages that another process has mapped
// stay. FailedPrecondition: the folder is in memory itself (tmpfs), so that nothing can be let go.
absl::Status DropPageCache(const std::string& folder);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_PAGE_CACHE_H_
