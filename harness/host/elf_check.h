// Whether a file can be a plugin of this machine, judged from its bytes alone: nothing in it is executed.
#ifndef STALLPOINT_HARNESS_HOST_ELF_CHECK_H_
#define STALLPOINT_HARNESS_HOST_ELF_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace stallpoint {

// OK for an ELF shared library of this machine's class, byte order and architecture. InvalidArgument names what was
// found and what was expected; NotFound and PermissionDenied are about the file.
absl::Status CheckSharedLibrary(const std::string& path);

// FailedPrecondition when somebody else could change the file: it, or its folder without the sticky bit, is
// world-writable.
absl::Status CheckNotWorldWritable(const std::string& path);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_ELF_CHECK_H_
