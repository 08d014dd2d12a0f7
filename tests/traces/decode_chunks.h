// Chunks to run records without a file between them.
#ifndef STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_
#define STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_

#include <vector>

#include "traces/event_decoder.h"
#include "traces/run_record_builder.h"

namespace stallpoint {

// All chunks by the writer of the segment that comes before them.
inline std::vector<RunRecord> DecodeChunks(const std::vector<trace::Chunk>& chunks) {
  EventDecoder decoder;
  RunRecordBuilder builder;
  auto with_origins = [&](auto handle) {
    TraceReader::Origin origin;
    for (const trace::Chunk& chunk : chunks) {
      if (chunk.has_segment_start()) {
        origin.segment = &chunk.segment_start();
        origin.writer_id = chunk.segment_start().writer_id();
      }
      handle(chunk, origin);
    }
  };
  with_origins([&](const trace::Chunk& chunk, const auto& origin) { decoder.LearnClocks(chunk, origin); });
  decoder.SealClocks();
  with_origins([&](const trace::Chunk& chunk, const auto& origin) { decoder.Decode(chunk, origin, builder); });
  return builder.Finish();
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_
