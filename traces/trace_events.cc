#include "traces/trace_events.h"

#include <utility>

namespace stallpoint {

template <typename OnChunk>
absl::Status TraceEvents::Read(OnChunk on_chunk) {
  auto reader = open_reader_();
  if (!reader.ok()) return reader.status();
  trace::Chunk chunk;
  TraceReader::Origin origin;
  while (true) {
    auto more = (*reader)->Next(&chunk, &origin);
    if (!more.ok()) return more.status();
    if (!*more) break;
    on_chunk(chunk, origin);
  }
  gaps_ = (*reader)->gaps();
  warnings_ = (*reader)->warnings();
  file_bytes_ = (*reader)->file_bytes();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TraceEvents>> TraceEvents::Open(const std::string& path) {
  return Open([path] { return TraceReader::Open(path); });
}

absl::StatusOr<std::unique_ptr<TraceEvents>> TraceEvents::OpenBytes(std::string_view bytes) {
  return Open([bytes] { return TraceReader::OpenBytes(bytes); });
}

absl::StatusOr<std::unique_ptr<TraceEvents>> TraceEvents::Open(OpenReader open_reader) {
  std::unique_ptr<TraceEvents> events(new TraceEvents());
  events->open_reader_ = std::move(open_reader);
  absl::Status read = events->Read([&](const trace::Chunk& chunk, const TraceReader::Origin& origin) {
    events->decoder_.LearnClocks(chunk, origin);
  });
  if (!read.ok()) return read;
  events->decoder_.SealClocks();
  return events;
}

absl::Status TraceEvents::Visit(TraceVisitor& visitor) {
  return Read(
      [&](const trace::Chunk& chunk, const TraceReader::Origin& origin) { decoder_.Decode(chunk, origin, visitor); });
}

}  // namespace stallpoint
