#include "traces/reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "tests/traces/trace_builder.h"
#include "tests/traces/trace_bytes.h"

namespace stallpoint {
namespace {

// The numbers of the chunks that were read, which NumberedChunk put into their accounts.
std::vector<uint64_t> Numbers(const ReadResult& result) {
  std::vector<uint64_t> numbers;
  for (const std::string& bytes : result.chunks) {
    trace::Chunk chunk;
    chunk.ParseFromString(bytes);
    numbers.push_back(chunk.accounting().emitted());
  }
  return numbers;
}

std::string SegmentFrame(FrameEncoder* encoder, uint32_t segment, uint64_t sequence, bool start) {
  trace::Chunk chunk;
  if (start) {
    chunk.mutable_segment_start()->set_segment_index(segment);
    chunk.mutable_segment_start()->set_run_id(100 + segment);
  }
  chunk.mutable_accounting()->set_emitted(sequence);
  return std::string(encoder->Encode(chunk.SerializeAsString(), segment, sequence));
}

TEST_CASE("a reader gives every chunk in order, with its place in the file") {
  const std::vector<std::string> frames = NumberedFrames(5);
  const ReadResult result = ReadBytes(Join(frames));
  REQUIRE(result.status.ok());
  CHECK(Numbers(result) == std::vector<uint64_t>{0, 1, 2, 3, 4});
  CHECK(result.gaps.empty());
  CHECK(result.warnings.empty());
  CHECK(result.origins[0].offset_bytes == 0);
  CHECK(result.origins[2].offset_bytes == frames[0].size() + frames[1].size());
  CHECK(result.origins[2].writer_id == 1);
  CHECK(result.origins[2].sequence == 2);
}

TEST_CASE("concatenated traces of several writers are a trace") {
  const ReadResult result = ReadBytes(Join(NumberedFrames(2, 1)) + Join(NumberedFrames(3, 2)));
  REQUIRE(result.status.ok());
  CHECK(Numbers(result) == std::vector<uint64_t>{0, 1, 0, 1, 2});
  CHECK(result.gaps.empty());
}

TEST_CASE("a trace longer than the reader's buffer is read in full") {
  std::mt19937 random(3);
  FrameEncoder encoder = *FrameEncoder::Create(1, 3);
  std::vector<std::string> chunks;
  std::string bytes;
  for (uint64_t i = 0; i < 60; ++i) {
    std::string noise(200'000 + random() % 1000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    trace::Chunk chunk;
    chunk.add_log_lines()->set_text(noise);
    chunks.push_back(chunk.SerializeAsString());
    bytes += encoder.Encode(chunks.back(), 0, i);
  }
  const ReadResult result = ReadBytes(bytes);
  REQUIRE(result.status.ok());
  CHECK(result.chunks == chunks);
  CHECK(result.gaps.empty());
}

TEST_CASE("a chunk comes with the segment it belongs to, and without one when that was lost") {
  FrameEncoder encoder = *FrameEncoder::Create(1, 3);
  const std::string bytes = SegmentFrame(&encoder, 0, 0, true) + SegmentFrame(&encoder, 0, 1, false) +
                            // Frame 2, the start of segment 1, is not there.
                            SegmentFrame(&encoder, 1, 3, false) + SegmentFrame(&encoder, 2, 4, true);
  const auto reader = *TraceReader::OpenBytes(bytes);
  trace::Chunk chunk;
  TraceReader::Origin origin;
  REQUIRE(*reader->Next(&chunk, &origin));
  REQUIRE(origin.segment != nullptr);
  CHECK(origin.segment->run_id() == 100);
  REQUIRE(*reader->Next(&chunk, &origin));
  CHECK(origin.segment->run_id() == 100);
  REQUIRE(*reader->Next(&chunk, &origin));
  CHECK(origin.segment == nullptr);
  CHECK(origin.segment_index == 1);
  REQUIRE(*reader->Next(&chunk, &origin));
  CHECK(origin.segment->run_id() == 102);
  CHECK_FALSE(*reader->Next(&chunk, &origin));
  CHECK_FALSE(*reader->Next(&chunk, &origin));
}

TEST_CASE("several damaged places are several gaps, each with the frames it cost") {
  std::vector<std::string> frames = NumberedFrames(20);
  frames[3].back() ^= 1;
  frames[10][0] ^= 1;
  frames[11][50] ^= 1;
  const ReadResult result = ReadBytes(Join(frames));
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 17);
  REQUIRE(result.gaps.size() == 2);
  CHECK(result.gaps[0].frames_lost == 1);
  CHECK(result.gaps[0].reason == "frame payload checksum is wrong");
  CHECK(result.gaps[1].frames_lost == 2);
  CHECK(result.gaps[1].length_bytes == frames[10].size() + frames[11].size());
  CHECK(result.gaps[1].reason == "no frame marker");
}

TEST_CASE("frames inside a damaged payload are found unless the next frame confirms its length") {
  const std::vector<std::string> inner = NumberedFrames(2, 5);
  std::string outer = ForgeFrame(Join(inner));
  outer.back() ^= 1;  // the second of them is damaged, and with it the outer one
  const std::string next = NumberedFrames(1, 6)[0];
  CHECK(ReadBytes(outer + next).chunks.size() == 1);
  CHECK(ReadBytes(outer + "damage" + next).chunks.size() == 2);
}

TEST_CASE("a trace appended to a torn one is read in full") {
  const std::vector<std::string> first = NumberedFrames(3, 1, 2000);
  const std::string torn = Join(first).substr(0, Join(first).size() - 100);
  const ReadResult result = ReadBytes(torn + Join(NumberedFrames(4, 2)));
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 2 + 4);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].length_bytes == first[2].size() - 100);
}

TEST_CASE("however much is damaged, the list of gaps stays short and its totals right") {
  std::vector<std::string> frames = NumberedFrames(12001);
  for (size_t i = 1; i < frames.size(); i += 2) frames[i].back() ^= 1;
  const ReadResult result = ReadBytes(Join(frames));
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 6001);
  CHECK(result.gaps.size() == 4096);
  CHECK(result.frames_lost() == 6000);
  CHECK(result.gaps.back().reason == "further damage");
}

TEST_CASE("a file that cannot be a trace is refused before it is read") {
  const TemporaryFile file(".sptrace");
  CHECK(absl::IsNotFound(TraceReader::Open(file.path()).status()));
  CHECK(absl::IsFailedPrecondition(TraceReader::Open(file.folder()).status()));
  REQUIRE(mkfifo(file.path().c_str(), 0600) == 0);
  CHECK(absl::IsFailedPrecondition(TraceReader::Open(file.path()).status()));
}

TEST_CASE("the size of a file is known from the start") {
  const TemporaryFile file(".sptrace");
  const std::string bytes = Join(NumberedFrames(5));
  WriteFile(file.path(), bytes);
  CHECK((*TraceReader::Open(file.path()))->file_bytes() == bytes.size());
}

}  // namespace
}  // namespace stallpoint
