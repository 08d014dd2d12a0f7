#include "tests/traces/trace_bytes.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/fuzz/sealed_frame.h"
#include "traces/schema_version.h"

namespace stallpoint {
namespace {

ReadResult ReadFrom(absl::StatusOr<std::unique_ptr<TraceReader>> reader) {
  ReadResult result;
  if (!reader.ok()) {
    result.status = reader.status();
    return result;
  }
  trace::Chunk chunk;
  TraceReader::Origin origin;
  absl::StatusOr<bool> more;
  while ((more = (*reader)->Next(&chunk, &origin)).value_or(false)) {
    result.chunks.push_back(chunk.SerializeAsString());
    result.origins.push_back(origin);
  }
  result.status = more.status();
  result.gaps = (*reader)->gaps();
  result.warnings = (*reader)->warnings();
  return result;
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

trace::Chunk NumberedChunk(int number, int spans) {
  trace::Chunk chunk;
  if (number == 0) {
    chunk.mutable_segment_start()->set_schema_major(kSchemaMajor);
    chunk.mutable_segment_start()->set_schema_minor(kSchemaMinor);
  }
  trace::SpanBlock& block = *chunk.add_spans();
  block.set_track_id(1);
  block.set_base_ticks(1'000'000 * static_cast<uint64_t>(number));
  for (int i = 0; i < spans; ++i) {
    block.add_name_id(1 + static_cast<uint32_t>(i) % 7);
    block.add_begin_delta(1000 + (number * 7919 + i * 104729) % 5000);
    block.add_duration((number * 31 + i * 17) % 900);
  }
  chunk.mutable_accounting()->set_emitted(static_cast<uint64_t>(number));
  return chunk;
}

std::vector<std::string> NumberedFrames(int count, uint64_t writer_id, int spans) {
  FrameEncoder encoder = *FrameEncoder::Create(writer_id, 3);
  std::vector<std::string> frames;
  for (int i = 0; i < count; ++i) {
    frames.emplace_back(encoder.Encode(NumberedChunk(i, spans).SerializeAsString(), 0, static_cast<uint64_t>(i)));
  }
  return frames;
}

std::string Join(const std::vector<std::string>& frames) {
  std::string bytes;
  for (const std::string& frame : frames) bytes += frame;
  return bytes;
}

std::string ForgeFrame(std::string_view stored, void (*change)(FrameHeader*)) {
  FrameHeader header = {.format = kFrameFormat,
                        .codec = FrameCodec::kNone,
                        .stored_bytes = static_cast<uint32_t>(stored.size()),
                        .raw_bytes = static_cast<uint32_t>(stored.size()),
                        .writer_id = 99};
  if (change != nullptr) change(&header);
  return SealFrame(header, stored);
}

uint64_t ReadResult::frames_lost() const {
  uint64_t sum = 0;
  for (const Gap& gap : gaps) sum += gap.frames_lost;
  return sum;
}

uint64_t ReadResult::bytes_lost() const {
  uint64_t sum = 0;
  for (const Gap& gap : gaps) sum += gap.length_bytes;
  return sum;
}

ReadResult ReadBytes(std::string_view bytes) { return ReadFrom(TraceReader::OpenBytes(bytes)); }
ReadResult ReadPath(const std::string& path) { return ReadFrom(TraceReader::Open(path)); }

bool Exhaustive() {
  const char* const value = std::getenv("STALLPOINT_EXHAUSTIVE");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace stallpoint
