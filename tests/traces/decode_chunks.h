// Chunks to run records without a file between them.
#ifndef STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_
#define STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/traces/trace_builder.h"
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

// The one run of a trace told by a builder.
inline RunRecord Load(const TraceBuilder& builder) {
  std::vector<RunRecord> runs = DecodeChunks(builder.Chunks());
  if (runs.size() != 1)
    throw std::runtime_error("a test's trace holds " + std::to_string(runs.size()) + " runs, not one");
  return runs.front();
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_DECODE_CHUNKS_H_
