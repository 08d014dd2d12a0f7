// Every message of a trace as JSON lines, for people and scripts that look at the trace itself.
#ifndef STALLPOINT_TRACES_DUMP_H_
#define STALLPOINT_TRACES_DUMP_H_

#include <iosfwd>
#include <string>

#include "absl/status/status.h"

namespace stallpoint {

// One chunk a line: {"writer_id", "sequence", "offset_bytes", "chunk"}, then one line {"gap"} for each part that had to
// be passed over. Inside a chunk names and values are Protobuf's JSON: 64-bit integers are strings, bytes are base64.
// Streams in bounded memory. Errors are those of TraceReader, and DataLoss when `out` fails.
absl::Status DumpTrace(const std::string& path, std::ostream& out);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_DUMP_H_
