// Writes the seeds for fuzzing the trace reader into the folder named on the command line, one kind of input each.
#include <zstd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/fuzz/sealed_frame.h"
#include "traces/frame.h"
#include "traces/proto/trace.pb.h"
#include "traces/schema_version.h"

namespace stallpoint {
namespace {

trace::Chunk Head(uint32_t schema_major = kSchemaMajor) {
  trace::Chunk chunk;
  trace::SegmentStart& segment = *chunk.mutable_segment_start();
  segment.set_schema_major(schema_major);
  segment.set_run_id(7);
  segment.set_role(trace::RUN_ROLE_MAIN);
  segment.set_writer_id(1);
  segment.mutable_run()->set_source("synthetic");
  (*segment.mutable_run()->mutable_options())["items"] = "100";
  chunk.add_clock_snapshots()->set_ticks(1000);
  chunk.add_strings()->set_id(1);
  chunk.mutable_strings(0)->set_value("wait_batch");
  chunk.add_tracks()->set_id(1);
  chunk.add_stages()->set_name_id(1);
  chunk.mutable_stages(0)->set_kind(trace::STAGE_KIND_DATA_WAIT);
  return chunk;
}

trace::Chunk Body() {
  trace::Chunk chunk;
  trace::SpanBlock& spans = *chunk.add_spans();
  spans.set_track_id(1);
  for (int i = 0; i < 10; ++i) {
    spans.add_name_id(1);
    spans.add_begin_delta(100);
    spans.add_duration(i % 3 - 1);
    chunk.mutable_batches()->add_batch(static_cast<uint64_t>(i));
    chunk.mutable_iterations()->add_loss(1.0 / i);
  }
  chunk.mutable_accounting()->set_emitted(10);
  chunk.mutable_run_end()->set_outcome(trace::OUTCOME_OK);
  return chunk;
}

std::string Frame(const trace::Chunk& chunk, uint64_t sequence) {
  return std::string(FrameEncoder::Create(1, 3)->Encode(chunk.SerializeAsString(), 0, sequence));
}

std::string Bomb() {
  const std::string zeros(4 << 20, '\0');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 19));
  return bomb;
}

std::string DeepGroups() {
  std::string message;
  for (int i = 0; i < 1000; ++i) message += "\xA3\x06";
  return message;
}

void WriteSeeds(const std::filesystem::path& folder) {
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  const std::string head = Frame(Head(), 0), body = Frame(Body(), 1);
  write("whole", head + body);
  write("torn", head + body.substr(0, body.size() - 5));
  write("zero_tail", head + std::string(200, '\0'));
  write("duplicate_and_reordered", body + head + head);
  write("missing", head + Frame(Body(), 9));
  write("appended_to_torn", head.substr(0, 70) + head + body);
  write("newer_major", Frame(Head(kSchemaMajor + 1), 0));
  write("message", Head().SerializeAsString() + Body().SerializeAsString());
  write("deep_groups", DeepGroups());
  write("bomb", Bomb());
  write("text", "not a trace\n");
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_trace_seeds FOLDER\n");
    return 2;
  }
  stallpoint::WriteSeeds(argv[1]);
  return 0;
}
