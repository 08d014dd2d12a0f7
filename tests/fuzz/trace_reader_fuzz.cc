// Bytes to chunks: once as a file, and once as the payload of sound frames, which reaches what lies behind the
// checksums.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/fuzz/sealed_frame.h"
#include "traces/frame.h"
#include "traces/proto/trace.pb.h"
#include "traces/reader.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void ReadAll(std::string_view bytes) {
  const auto reader = stallpoint::TraceReader::OpenBytes(bytes);
  if (!reader.ok()) return;
  stallpoint::trace::Chunk chunk;
  stallpoint::TraceReader::Origin origin;
  uint64_t chunks = 0;
  while ((*reader)->Next(&chunk, &origin).value_or(false)) {
    Require(origin.offset_bytes + sizeof(stallpoint::FrameHeader) <= bytes.size());
    Require(origin.segment == nullptr || origin.segment->segment_index() == origin.segment_index);
    ++chunks;
  }
  uint64_t passed_over = 0;
  for (const stallpoint::Gap& gap : (*reader)->gaps()) passed_over += gap.length_bytes;
  Require(passed_over + chunks * sizeof(stallpoint::FrameHeader) <= bytes.size());
}

std::string AsPayload(std::string_view bytes, stallpoint::FrameCodec codec) {
  return stallpoint::SealFrame(
      {.format = stallpoint::kFrameFormat,
       .codec = codec,
       .stored_bytes = static_cast<uint32_t>(bytes.size()),
       .raw_bytes =
           codec == stallpoint::FrameCodec::kNone ? static_cast<uint32_t>(bytes.size()) : stallpoint::kMaxPayloadBytes,
       .writer_id = 1},
      bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ReadAll(bytes);
  if (size > stallpoint::kMaxPayloadBytes) return 0;
  ReadAll(AsPayload(bytes, stallpoint::FrameCodec::kNone));
  ReadAll(AsPayload(bytes, stallpoint::FrameCodec::kZstd));
  return 0;
}
