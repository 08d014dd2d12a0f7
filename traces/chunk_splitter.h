// Cuts a chunk that is too large for one frame into several that mean the same.
#ifndef STALLPOINT_TRACES_CHUNK_SPLITTER_H_
#define STALLPOINT_TRACES_CHUNK_SPLITTER_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"

namespace stallpoint {

namespace trace {
class Chunk;
}

// Pieces of at most `limit_bytes` each, in the order of the fields: definitions before events, the run's end last.
// Blocks of columns are cut between rows, their bases and deltas corrected. InvalidArgument: a single text is larger
// than the limit.
absl::StatusOr<std::vector<trace::Chunk>> SplitChunk(const trace::Chunk& chunk, size_t limit_bytes);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_CHUNK_SPLITTER_H_
