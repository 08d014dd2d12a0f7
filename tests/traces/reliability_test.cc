// Rows 1 to 9 of the table of faults, and what holds for every trace however it was damaged.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "catch.h"
#include "tests/traces/trace_builder.h"
#include "tests/traces/trace_bytes.h"
#include "traces/schema_version.h"
#include "traces/writer.h"

namespace stallpoint {
namespace {

std::string Refusal(std::string_view bytes) {
  const ReadResult result = ReadBytes(bytes);
  CHECK(absl::IsDataLoss(result.status));
  return std::string(result.status.message());
}

std::string NotATrace(std::string_view found) {
  return "not a trace: found " + std::string(found) + ", expected a .sptrace file as `stallpoint record` writes it";
}

// A sound frame whose payload is the given bytes, before and after frames of another writer.
ReadResult ReadAmidOthers(const std::string& frame) {
  const std::vector<std::string> others = NumberedFrames(2);
  ReadResult result = ReadBytes(others[0] + frame + others[1]);
  CHECK(result.status.ok());
  CHECK(result.chunks.size() == 2);
  CHECK(result.gaps.size() == 1);
  return result;
}

TEST_CASE("row 1: an empty file and a file of another format are refused by what was found") {
  using std::string_literals::operator""s;
  CHECK(Refusal("") == NotATrace("an empty file"));
  CHECK(Refusal("\x1F\x8B\x08"s) == NotATrace("a gzip file"));
  CHECK(Refusal("PK\x03\x04...") == NotATrace("a zip archive"));
  CHECK(Refusal("\x7F"
                "ELF\x02") == NotATrace("an ELF program or library"));
  CHECK(Refusal("{\"traceEvents\": []}") == NotATrace("JSON"));
  CHECK(Refusal("  [1]") == NotATrace("JSON"));
  CHECK(Refusal("SQLite format 3\0\x10"s) == NotATrace("an SQLite database"));
  CHECK(Refusal("\x89PNG\r\n\x1A\n") == NotATrace("a PNG image"));
  CHECK(Refusal("hello\n") == NotATrace("text"));
  CHECK(Refusal(std::string(5000, '\0')) == NotATrace("zeros"));
  CHECK(Refusal("\x01\x02\xFF"s) == NotATrace("data of unknown format beginning 01 02 ff"));
  CHECK(Refusal(std::string(257, '\0') + "ustar") == NotATrace("a tar archive"));
  CHECK(Refusal(NumberedFrames(1)[0].substr(0, 60)) ==
        "a trace, but nothing of it can be read: torn tail: frame cut off after 60 of " +
            std::to_string(NumberedFrames(1)[0].size()) + " bytes; record it again");
}

TEST_CASE("row 1: a refused file is named") {
  const TemporaryFile file(".sptrace");
  WriteFile(file.path(), "hello\n");
  CHECK(std::string(TraceReader::Open(file.path()).status().message()) == file.path() + ": " + NotATrace("text"));
}

TEST_CASE("row 2: of a torn trace the frames before the tear are read and the lost bytes reported") {
  const std::vector<std::string> frames = NumberedFrames(3);
  const std::string bytes = Join(frames);
  const ReadResult result = ReadBytes(bytes.substr(0, bytes.size() - 10));
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 2);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].offset_bytes == frames[0].size() + frames[1].size());
  CHECK(result.gaps[0].length_bytes == frames[2].size() - 10);
  CHECK(result.gaps[0].reason.starts_with("torn tail: frame cut off after"));
}

TEST_CASE("row 3: a frame with a flipped bit is left out, the next one read and the gap counted") {
  std::vector<std::string> frames = NumberedFrames(3);
  frames[1][sizeof(FrameHeader) + 5] ^= 0x10;
  const ReadResult result = ReadBytes(Join(frames));
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 2);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].offset_bytes == frames[0].size());
  CHECK(result.gaps[0].length_bytes == frames[1].size());
  CHECK(result.gaps[0].frames_lost == 1);
}

TEST_CASE("row 4: a stated length of 4 GiB is refused before memory is given") {
  const auto stored = ForgeFrame("abc", [](FrameHeader* header) { header->stored_bytes = 0xFFFFFFFF; });
  CHECK(ReadAmidOthers(stored).gaps[0].reason.starts_with("frame states 4294967295 bytes stored"));
  const auto raw = ForgeFrame("abc", [](FrameHeader* header) { header->raw_bytes = 0xFFFFFFFF; });
  CHECK(ReadAmidOthers(raw).gaps[0].reason.starts_with("frame states 3 bytes stored and 4294967295 raw"));
}

TEST_CASE("row 4: a length of 2^64-1 inside a message is refused before memory is given") {
  // Field 3 (strings), whose length is the largest that ten bytes can say.
  const std::string message = "\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01";
  CHECK(ReadAmidOthers(ForgeFrame(message)).gaps[0].reason.starts_with("payload is not a Chunk message"));
}

TEST_CASE("row 5: a tail of zeros is a tail, with and without a torn frame before it") {
  const std::vector<std::string> frames = NumberedFrames(3);
  const ReadResult clean = ReadBytes(Join(frames) + std::string(100'000, '\0'));
  REQUIRE(clean.status.ok());
  CHECK(clean.chunks.size() == 3);
  REQUIRE(clean.gaps.size() == 1);
  CHECK(clean.gaps[0].length_bytes == 100'000);
  CHECK(clean.gaps[0].reason == "zero-filled tail");

  const std::string torn = frames[0] + frames[1].substr(0, frames[1].size() - 20);
  const ReadResult result = ReadBytes(torn + std::string(10'000'000, '\0'));
  CHECK(result.chunks.size() == 1);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].length_bytes == frames[1].size() - 20 + 10'000'000);
  CHECK(result.gaps[0].reason.starts_with("torn tail: "));
  CHECK(result.gaps[0].reason.ends_with("bytes are zeros"));
}

TEST_CASE("row 6: duplicate frames are left out and reported") {
  const std::vector<std::string> frames = NumberedFrames(3);
  const ReadResult result = ReadBytes(Join(frames) + frames[1] + frames[2]);
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 3);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].reason == "duplicate frames, left out");
  CHECK(result.gaps[0].length_bytes == frames[1].size() + frames[2].size());
  CHECK(result.gaps[0].frames_lost == 0);
}

TEST_CASE("row 6: missing frames are reported with their number") {
  const std::vector<std::string> frames = NumberedFrames(6);
  const ReadResult result = ReadBytes(frames[0] + frames[1] + frames[4] + frames[5]);
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 4);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].frames_lost == 2);
  CHECK(result.gaps[0].length_bytes == 0);
  CHECK(result.gaps[0].offset_bytes == frames[0].size() + frames[1].size());
  CHECK(result.gaps[0].reason == "frames 2 to 3 of writer 0000000000000001 are missing");
}

TEST_CASE("row 6: frames that lost their head are reported") {
  const std::vector<std::string> frames = NumberedFrames(4);
  const ReadResult result = ReadBytes(frames[2] + frames[3]);
  CHECK(result.chunks.size() == 2);
  CHECK(result.frames_lost() == 2);
}

TEST_CASE("row 6: reordered frames are all read, and reported as out of order") {
  const std::vector<std::string> frames = NumberedFrames(5);
  const ReadResult result = ReadBytes(frames[0] + frames[3] + frames[2] + frames[1] + frames[4]);
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 5);
  REQUIRE(result.gaps.size() == 1);
  CHECK(result.gaps[0].frames_lost == 0);
  CHECK(result.gaps[0].reason == "frames out of order: they stand later in the file");
}

TEST_CASE("row 6: a damaged frame whose copy comes later is not lost") {
  std::vector<std::string> frames = NumberedFrames(4);
  const std::string sound = Join(frames);
  frames[2].back() ^= 1;
  const ReadResult result = ReadBytes(Join(frames) + sound);
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == 4);
  CHECK(result.frames_lost() == 0);
}

TEST_CASE("row 6: the largest sequence number does not upset the account") {
  const std::string last =
      ForgeFrame("", [](FrameHeader* header) { header->sequence = std::numeric_limits<uint64_t>::max(); });
  const ReadResult result = ReadBytes(last + last + ForgeFrame(""));
  REQUIRE(result.status.ok());
  CHECK(result.gaps[0].frames_lost == std::numeric_limits<uint64_t>::max());
}

TEST_CASE("row 7: messages nested 10^4 deep are refused") {
  // Groups of an unknown field: the only nesting without end that a parser of this schema follows.
  std::string nested;
  for (int i = 0; i < 10'000; ++i) nested += "\xA3\x06";
  for (int i = 0; i < 10'000; ++i) nested += "\xA4\x06";
  CHECK(ReadAmidOthers(ForgeFrame(nested)).gaps[0].reason ==
        "payload is not a Chunk message, or nests more than 32 deep");
}

TEST_CASE("row 8: a compression bomb is stopped at the size that its header states") {
  const std::string zeros(64 << 20, '\0');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 19));
  REQUIRE(bomb.size() < 10'000);
  const std::string frame = ForgeFrame(bomb, [](FrameHeader* header) {
    header->codec = FrameCodec::kZstd;
    header->raw_bytes = kMaxPayloadBytes;
  });
  CHECK(ReadAmidOthers(frame).gaps[0].reason.starts_with("payload does not decompress to the 1048576 bytes stated"));
}

TEST_CASE("row 9: unknown fields and a newer minor version are read as far as known, with one warning") {
  std::vector<std::string> frames = NumberedFrames(3);
  for (uint64_t i = 1; i < 3; ++i) {
    trace::Chunk chunk = NumberedChunk(static_cast<int>(i));
    chunk.mutable_accounting()->GetReflection()->MutableUnknownFields(chunk.mutable_accounting())->AddVarint(1000, 1);
    frames[i] = std::string(FrameEncoder::Create(1, 3)->Encode(chunk.SerializeAsString(), 0, i));
  }
  const ReadResult unknown = ReadBytes(Join(frames));
  REQUIRE(unknown.status.ok());
  CHECK(unknown.chunks.size() == 3);
  CHECK(unknown.warnings ==
        std::vector<std::string>{"the trace has fields that this program does not know: they are left out"});

  trace::Chunk newer = NumberedChunk(0);
  newer.mutable_segment_start()->set_schema_minor(7);
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(1000, 1);
  const ReadResult minor = ReadBytes(ForgeFrame(newer.SerializeAsString()));
  REQUIRE(minor.status.ok());
  CHECK(minor.warnings == std::vector<std::string>{"written with trace schema 1.7, this program knows 1." +
                                                   std::to_string(kSchemaMinor) + ": what is newer is left out"});
}

TEST_CASE("row 9: a newer major version or frame format is refused, wherever it begins") {
  trace::Chunk newer = NumberedChunk(0);
  newer.mutable_segment_start()->set_schema_major(2);
  newer.mutable_segment_start()->set_schema_minor(1);
  newer.mutable_segment_start()->set_stallpoint_version("9.0");
  const std::string frame = ForgeFrame(newer.SerializeAsString());
  CHECK(absl::IsUnimplemented(ReadBytes(frame).status));
  CHECK(
      std::string(ReadBytes(frame).status.message()) ==
      "written by stallpoint 9.0 with trace schema 2.1, this program reads up to 1.x: a newer stallpoint can read it");
  const ReadResult later = ReadBytes(Join(NumberedFrames(3)) + frame);
  CHECK(absl::IsUnimplemented(later.status));
  CHECK(later.chunks.size() == 3);

  CHECK(absl::IsUnimplemented(ReadBytes(ForgeFrame("", [](FrameHeader* header) { header->format = 2; })).status));
}

// --- Invariants
// --------------------------------------------------------------------------------------------------------

// Frames that make a trace of 64 KiB.
std::vector<std::string> Frames64KiB() {
  std::vector<std::string> frames = NumberedFrames(600, 1, 15);
  size_t bytes = 0, count = 0;
  while (bytes < 65536) bytes += frames.at(count++).size();
  frames.resize(count);
  return frames;
}

TEST_CASE("a trace cut at any byte gives every frame that is whole before the cut") {
  const std::vector<std::string> frames = Frames64KiB();
  const std::string bytes = Join(frames);
  std::vector<std::string> chunks = ReadBytes(bytes).chunks;
  REQUIRE(chunks.size() == frames.size());
  std::vector<size_t> ends = {0};
  for (const std::string& frame : frames) ends.push_back(ends.back() + frame.size());
  const size_t stride = Exhaustive() ? 1 : 37;
  for (size_t cut = 0; cut < bytes.size(); cut += stride) {
    const auto whole = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin() - 1);
    const ReadResult result = ReadBytes(std::string_view(bytes).substr(0, cut));
    const bool as_expected = (whole > 0 ? result.status.ok() : absl::IsDataLoss(result.status)) &&
                             result.chunks.size() == whole &&
                             std::equal(result.chunks.begin(), result.chunks.end(), chunks.begin()) &&
                             (whole == 0 || result.bytes_lost() == cut - ends[whole]);
    INFO("cut at " << cut << ": " << result.chunks.size() << " of " << whole << " frames");
    REQUIRE(as_expected);
  }
}

TEST_CASE("no random bit flip goes unnoticed, and none costs more than the frames it hit") {
  const std::vector<std::string> frames = Frames64KiB();
  const std::string bytes = Join(frames);
  const ReadResult whole = ReadBytes(bytes);
  const std::unordered_set<std::string> written(whole.chunks.begin(), whole.chunks.end());
  std::mt19937_64 random(20240229);
  const int rounds = Exhaustive() ? 100'000 : kSanitized ? 1'000 : 5'000;
  for (int round = 0; round < rounds; ++round) {
    std::string damaged = bytes;
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < flips; ++i) damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    if (damaged == bytes) continue;
    const ReadResult result = ReadBytes(damaged);
    const bool only_written =
        std::ranges::all_of(result.chunks, [&](const auto& chunk) { return written.contains(chunk); });
    const bool as_expected = result.status.ok() && only_written && !result.gaps.empty() &&
                             result.chunks.size() < frames.size() &&
                             result.chunks.size() + static_cast<size_t>(flips) >= frames.size();
    INFO("round " << round << ": " << result.chunks.size() << " of " << frames.size() << " frames");
    REQUIRE(as_expected);
  }
}

TEST_CASE("of a killed recorder every chunk that was accepted is read") {
  const TemporaryFile file(".sptrace");
  void* const page =
      mmap(nullptr, sizeof(std::atomic<uint64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  auto* const accepted = new (page) std::atomic<uint64_t>;
  std::mt19937_64 random(9);
  const int rounds = Exhaustive() ? 200 : 20;
  for (int round = 0; round < rounds; ++round) {
    accepted->store(0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto writer = TraceWriter::Open(file.path(), 1, {.overwrite = true});
      if (!writer.ok()) _exit(1);
      for (int i = 0;; ++i) {
        if (!(*writer)->Write(NumberedChunk(i, 10 + i % 3000)).ok()) _exit(1);
        accepted->fetch_add(1);
      }
    }
    while (accepted->load() == 0 && waitpid(child, nullptr, WNOHANG) == 0) usleep(100);
    usleep(static_cast<useconds_t>(random() % 10'000));
    REQUIRE(kill(child, SIGKILL) == 0);
    int exit_status = 0;
    REQUIRE(waitpid(child, &exit_status, 0) == child);
    REQUIRE(WIFSIGNALED(exit_status));

    const ReadResult result = ReadPath(file.path());
    REQUIRE(result.status.ok());
    CHECK(result.chunks.size() >= accepted->load());
    CHECK(result.chunks.size() <= accepted->load() + 1);
    CHECK(result.frames_lost() == 0);
    for (size_t i = 0; i < result.chunks.size(); ++i) {
      if (result.chunks[i] != NumberedChunk(static_cast<int>(i), 10 + static_cast<int>(i) % 3000).SerializeAsString()) {
        FAIL("chunk " << i << " of round " << round << " is not what was written");
      }
    }
  }
  munmap(page, sizeof(std::atomic<uint64_t>));
}

}  // namespace
}  // namespace stallpoint
