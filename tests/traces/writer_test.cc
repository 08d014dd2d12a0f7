#include "traces/writer.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "catch.h"
#include "tests/traces/trace_builder.h"
#include "tests/traces/trace_bytes.h"
#include "traces/chunk_splitter.h"

namespace stallpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status OpenStatus(const std::string& path, TraceWriter::Options options = {}) {
  return TraceWriter::Open(path, 1, options).status();
}

// Adds one row, different for every number, to each column of a block.
void AddRow(int number, Message* block) {
  const auto& reflection = *block->GetReflection();
  for (int i = 0; i < block->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = block->GetDescriptor()->field(i);
    if (!field->is_repeated()) continue;
    const int value = number % 1000 + i;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection.AddUInt32(block, field, static_cast<uint32_t>(value));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection.AddUInt64(block, field, static_cast<uint64_t>(value));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection.AddInt64(block, field, value % 2 ? value : -value);
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        reflection.AddDouble(block, field, value);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.AddBool(block, field, value % 2);
        break;
      default:
        FAIL("a column of unexpected type: " << field->full_name());
    }
  }
}

// Columns of deltas become running sums, so that blocks can be joined whatever their first delta is.
void SumDeltas(Message* block) {
  const auto& reflection = *block->GetReflection();
  for (int i = 0; i < block->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = block->GetDescriptor()->field(i);
    if (!field->is_repeated() || !field->name().ends_with("_delta")) continue;
    int64_t sum = 0;
    for (int row = 0; row < reflection.FieldSize(*block, field); ++row) {
      sum += reflection.GetRepeatedInt64(*block, field, row);
      reflection.SetRepeatedInt64(block, field, row, sum);
    }
  }
}

template <typename Block>
void CheckThatPiecesMakeTheWhole(std::vector<Block> pieces, Block whole) {
  REQUIRE(pieces.size() > 1);
  SumDeltas(&whole);
  Block joined;
  for (Block& piece : pieces) {
    SumDeltas(&piece);
    joined.MergeFrom(piece);  // repeated fields are appended
  }
  CHECK(joined.SerializeAsString() == whole.SerializeAsString());
}

TEST_CASE("what is written is what is read, and the file is readable after every call") {
  const TemporaryFile file(".sptrace");
  const auto writer = *TraceWriter::Open(file.path(), 7, {});
  for (int i = 0; i < 5; ++i) {
    REQUIRE(writer->Write(NumberedChunk(i)).ok());
    const ReadResult result = ReadPath(file.path());
    REQUIRE(result.chunks.size() == static_cast<size_t>(i) + 1);
    CHECK(result.chunks.back() == NumberedChunk(i).SerializeAsString());
    CHECK(result.gaps.empty());
    CHECK(std::filesystem::file_size(file.path()) == writer->bytes_written());
  }
  CHECK(writer->Sync().ok());
  CHECK(writer->status().ok());
}

TEST_CASE("a trace is made readable for its owner alone") {
  const TemporaryFile file(".sptrace");
  const mode_t mask = umask(0);
  const absl::Status status = OpenStatus(file.path());
  umask(mask);
  REQUIRE(status.ok());
  struct stat info;
  REQUIRE(stat(file.path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("an existing file is kept unless it may be replaced") {
  const TemporaryFile file(".sptrace");
  WriteFile(file.path(), "precious");
  const absl::Status status = OpenStatus(file.path());
  CHECK(absl::IsAlreadyExists(status));
  CHECK(std::string(status.message()) ==
        file.path() + ": exists already; choose another name, or --force to replace it");
  CHECK(ReadFile(file.path()) == "precious");
  REQUIRE(OpenStatus(file.path(), {.overwrite = true}).ok());
  CHECK(ReadFile(file.path()).empty());
}

TEST_CASE("symbolic links, folders, FIFOs and devices are refused and stay as they are") {
  const TemporaryFile file(".sptrace");
  const std::string target = file.folder() + "/target", link = file.folder() + "/link", fifo = file.folder() + "/fifo";
  WriteFile(target, "precious");
  REQUIRE(symlink(target.c_str(), link.c_str()) == 0);
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {link, fifo, file.folder(), std::string("/dev/full")}) {
    INFO(path);
    CHECK_FALSE(OpenStatus(path).ok());
    CHECK(absl::IsFailedPrecondition(OpenStatus(path, {.overwrite = true})));
    CHECK(absl::IsFailedPrecondition(OpenStatus(path, {.append = true})));
    CHECK(std::filesystem::exists(std::filesystem::symlink_status(path)));
  }
  CHECK(ReadFile(target) == "precious");
}

TEST_CASE("a missing folder, a writer without an id and an unknown level are refused") {
  const TemporaryFile file(".sptrace");
  CHECK(absl::IsNotFound(OpenStatus(file.folder() + "/none/run.sptrace")));
  CHECK(absl::IsInvalidArgument(TraceWriter::Open(file.path(), 0, {}).status()));
  CHECK(absl::IsInvalidArgument(OpenStatus(file.path(), {.zstd_level = 99})));
  CHECK_FALSE(std::filesystem::exists(file.path()));
}

TEST_CASE("appending goes on at the end of a file, also of a torn or a missing one") {
  const TemporaryFile file(".sptrace");
  const auto append = [&](uint64_t writer_id) {
    const auto writer = *TraceWriter::Open(file.path(), writer_id, {.append = true});
    for (int i = 0; i < 3; ++i) REQUIRE(writer->Write(NumberedChunk(i)).ok());
  };
  append(1);
  append(2);
  CHECK(ReadPath(file.path()).chunks.size() == 6);
  CHECK(ReadPath(file.path()).gaps.empty());
  std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) - 1);
  append(3);
  const ReadResult result = ReadPath(file.path());
  CHECK(result.chunks.size() == 8);
  CHECK(result.gaps.size() == 1);
}

TEST_CASE("a chunk larger than a frame is written as several that mean the same") {
  trace::Chunk chunk = NumberedChunk(0, 0);
  chunk.clear_spans();
  trace::SpanBlock& spans = *chunk.add_spans();
  spans.set_track_id(3);
  spans.set_base_ticks(uint64_t{1} << 60);
  trace::CounterBlock& counter = *chunk.add_counters();
  counter.set_series_id(4);
  counter.set_base_ticks(77);
  trace::MemoryBlock& memory = *chunk.mutable_memory();
  memory.set_base_ticks(78);
  for (int i = 0; i < 200'000; ++i) {
    AddRow(i, &spans);
    AddRow(i, &counter);
    AddRow(i, chunk.mutable_batches());
    AddRow(i, chunk.mutable_iterations());
    AddRow(i, &memory);
  }
  chunk.mutable_run_end()->set_outcome(trace::OUTCOME_OK);

  const TemporaryFile file(".sptrace");
  const auto writer = *TraceWriter::Open(file.path(), 1, {});
  REQUIRE(writer->Write(chunk).ok());
  const ReadResult result = ReadPath(file.path());
  REQUIRE(result.status.ok());
  CHECK(result.gaps.empty());
  std::vector<trace::SpanBlock> span_pieces;
  std::vector<trace::CounterBlock> counter_pieces;
  std::vector<trace::MemoryBlock> memory_pieces;
  std::vector<trace::BatchBlock> batch_pieces;
  std::vector<trace::IterationBlock> iteration_pieces;
  for (const std::string& bytes : result.chunks) {
    trace::Chunk piece;
    REQUIRE(piece.ParseFromString(bytes));
    CHECK(bytes.size() <= kMaxPayloadBytes);
    const bool is_first = &bytes == &result.chunks.front();
    const bool is_last = &bytes == &result.chunks.back();
    CHECK(piece.has_segment_start() == is_first);
    CHECK(piece.has_accounting() == is_last);
    CHECK(piece.has_run_end() == is_last);
    span_pieces.insert(span_pieces.end(), piece.spans().begin(), piece.spans().end());
    counter_pieces.insert(counter_pieces.end(), piece.counters().begin(), piece.counters().end());
    if (piece.has_memory()) memory_pieces.push_back(piece.memory());
    if (piece.has_batches()) batch_pieces.push_back(piece.batches());
    if (piece.has_iterations()) iteration_pieces.push_back(piece.iterations());
  }
  CheckThatPiecesMakeTheWhole(span_pieces, spans);
  CheckThatPiecesMakeTheWhole(counter_pieces, counter);
  CheckThatPiecesMakeTheWhole(memory_pieces, memory);
  CheckThatPiecesMakeTheWhole(batch_pieces, chunk.batches());
  CheckThatPiecesMakeTheWhole(iteration_pieces, chunk.iterations());
}

TEST_CASE("columns that are shorter than others are cut without inventing rows") {
  trace::Chunk chunk;
  trace::SpanBlock& block = *chunk.add_spans();
  for (int i = 0; i < 1000; ++i) block.add_duration(i);
  for (int i = 0; i < 10; ++i) block.add_begin_delta(1);
  const std::vector<trace::Chunk> pieces = *SplitChunk(chunk, 200);
  int durations = 0, deltas = 0;
  for (const trace::Chunk& piece : pieces) {
    CHECK(piece.ByteSizeLong() <= 200);
    for (const trace::SpanBlock& part : piece.spans()) {
      durations += part.duration_size();
      deltas += part.begin_delta_size();
    }
  }
  CHECK(durations == 1000);
  CHECK(deltas == 10);
}

TEST_CASE("a text larger than a frame is refused, and the next chunk is written") {
  const TemporaryFile file(".sptrace");
  const auto writer = *TraceWriter::Open(file.path(), 1, {});
  trace::Chunk huge = NumberedChunk(0);
  huge.add_log_lines()->set_text(std::string(2 << 20, 'x'));
  const absl::Status status = writer->Write(huge);
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).starts_with("a LogLine of 2097"));
  CHECK(writer->status().ok());
  CHECK(writer->bytes_written() == 0);
  REQUIRE(writer->Write(NumberedChunk(0)).ok());
  CHECK(ReadPath(file.path()).chunks.size() == 1);
}

TEST_CASE("row 40: texts that are not UTF-8 are repaired, bytes are kept as they are") {
  const TemporaryFile file(".sptrace");
  const auto writer = *TraceWriter::Open(file.path(), 1, {});
  trace::Chunk chunk;
  chunk.mutable_segment_start()->mutable_run()->mutable_options()->insert({"data\xFF", "\xC3\x28"});
  chunk.add_strings()->set_value("raw\xFF");
  chunk.add_tracks()->set_name("na\xEFme");
  chunk.mutable_run_end()->set_message("cannot decode \x80.jpg");
  REQUIRE(writer->Write(chunk).ok());
  const ReadResult result = ReadPath(file.path());
  REQUIRE(result.chunks.size() == 1);
  REQUIRE(chunk.ParseFromString(result.chunks[0]));
  CHECK(chunk.segment_start().run().options().at("data\uFFFD") == "\uFFFD(");
  CHECK(chunk.strings(0).value() == "raw\xFF");
  CHECK(chunk.tracks(0).name() == "na\uFFFDme");
  CHECK(chunk.run_end().message() == "cannot decode \uFFFD.jpg");
}

// Writes until the writer gives up, and checks what row 29 promises.
void CheckThatAFullDiskEndsTheTraceCleanly(const std::string& path) {
  const auto writer = *TraceWriter::Open(path, 1, {});
  int accepted = 0;
  while (writer->Write(NumberedChunk(accepted, 500)).ok()) REQUIRE(++accepted < 1'000'000);
  CHECK(absl::IsResourceExhausted(writer->status()));
  CHECK(std::string(writer->status().message()).starts_with(path + ": "));
  CHECK(writer->Write(NumberedChunk(0)) == writer->status());
  const ReadResult result = ReadPath(path);
  REQUIRE(result.status.ok());
  CHECK(result.chunks.size() == static_cast<size_t>(accepted));
  CHECK(result.gaps.empty());
  CHECK(std::filesystem::file_size(path) == writer->bytes_written());
}

TEST_CASE("row 29: at the permitted file size the trace ends with its last whole frame") {
  const TemporaryFile file(".sptrace");
  struct rlimit before;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  const absl::Cleanup restore = [&] {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, signal_before);
  };
  const struct rlimit small = {100'001, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  CheckThatAFullDiskEndsTheTraceCleanly(file.path());
}

TEST_CASE("row 29: on a full disk the trace ends with its last whole frame") {
  const TemporaryFile file(".sptrace");
  if (mount("tmpfs", file.folder().c_str(), "tmpfs", 0, "size=256k") != 0) {
    WARN("skipped: a small file system cannot be mounted here");
    return;
  }
  const absl::Cleanup unmount = [&] { umount2(file.folder().c_str(), MNT_DETACH); };
  CheckThatAFullDiskEndsTheTraceCleanly(file.path());
}

}  // namespace
}  // namespace stallpoint
