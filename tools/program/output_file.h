// Files the program writes beside traces.
#ifndef STALLPOINT_TOOLS_PROGRAM_OUTPUT_FILE_H_
#define STALLPOINT_TOOLS_PROGRAM_OUTPUT_FILE_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace stallpoint {

// OK when a file may be written there: it does not exist, or `overwrite` and it is a regular file. AlreadyExists says
// how to overwrite; a symbolic link, device or FIFO is refused.
absl::Status CheckWritable(const std::string& path, bool overwrite);

// Writes the whole content; a new file gets this mode, less the umask. As CheckWritable; errors of the disk name the
// file.
absl::Status WriteNewFile(const std::string& path, std::string_view content, bool overwrite, mode_t mode = 0600);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_OUTPUT_FILE_H_
