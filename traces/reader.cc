#include "traces/reader.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "fmt/core.h"
#include "traces/file_descriptor.h"
#include "traces/file_format.h"
#include "traces/frame.h"
#include "traces/frame_scanner.h"
#include "traces/proto/trace.pb.h"
#include "traces/schema_version.h"
#include "traces/sequence_tracker.h"

namespace stallpoint {
namespace {

// What a hostile file may make the reader keep. The schema nests 4 deep.
constexpr int kMaxNesting = 32;
constexpr size_t kMaxWriters = 1 << 14;
constexpr size_t kMaxSegmentBytes = 64 << 20;
constexpr size_t kMaxGaps = 4096;

class FileSource : public ByteSource {
 public:
  FileSource(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    for (;;) {
      const ssize_t count = read(file_.get(), buffer, capacity);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return absl::ErrnoToStatus(errno, path_ + ": cannot be read further");
    }
  }

 private:
  FileDescriptor file_;
  std::string path_;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    const size_t count = bytes_.copy(buffer, capacity);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
};

bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

class FrameReader : public TraceReader {
 public:
  FrameReader(std::unique_ptr<ByteSource> source, uint64_t file_bytes)
      : scanner_(std::move(source)), file_bytes_(file_bytes) {}

  // Reads up to the first chunk, which Next gives later. `head` is the beginning of the file.
  absl::Status ReadFirst(std::string_view head);

  absl::StatusOr<bool> Next(trace::Chunk* chunk, Origin* origin) override;
  const std::vector<Gap>& gaps() const override { return gaps_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }
  uint64_t file_bytes() const override { return std::max(file_bytes_, scanner_.offset()); }

 private:
  struct Writer {
    SequenceTracker sequence;
    uint64_t end_offset = 0;  // of its latest frame
    std::optional<trace::SegmentStart> segment;
  };
  struct First {
    trace::Chunk chunk;
    Origin origin;
  };

  absl::StatusOr<bool> Read(trace::Chunk* chunk, Origin* origin);
  // Null when there are too many.
  Writer* FindWriter(uint64_t writer_id);
  // Takes note of the frame's sequence number; false for a duplicate.
  bool TakeSequence(const FrameScanner::Frame& frame, Writer* writer);
  absl::Status Decode(const FrameScanner::Frame& frame, trace::Chunk* chunk);
  absl::Status StartSegment(const trace::SegmentStart& segment, Writer* writer);
  // The index of the gap that now holds this one.
  size_t AddGap(Gap gap);

  FrameScanner scanner_;
  FrameDecoder decoder_;
  uint64_t file_bytes_;
  std::unique_ptr<First> first_;
  std::map<uint64_t, Writer> writers_;
  size_t segment_bytes_ = 0;
  std::vector<Gap> gaps_;
  std::optional<size_t> latest_damage_;  // in gaps_
  std::vector<std::string> warnings_;
  bool warned_of_version_ = false;
};

absl::Status FrameReader::ReadFirst(std::string_view head) {
  auto first = std::make_unique<First>();
  const absl::StatusOr<bool> found = Read(&first->chunk, &first->origin);
  if (!found.ok()) return found.status();
  if (*found) {
    first_ = std::move(first);
    return absl::OkStatus();
  }
  if (!scanner_.newer_format().ok()) return scanner_.newer_format();
  if (head.starts_with(kFrameMarker)) {
    return absl::DataLossError(
        fmt::format("a trace, but nothing of it can be read: {}; record it again", gaps_.front().reason));
  }
  return absl::DataLossError(fmt::format(
      "not a trace: found {}, expected a .sptrace file as `stallpoint record` writes it", DescribeFormat(head)));
}

absl::StatusOr<bool> FrameReader::Next(trace::Chunk* chunk, Origin* origin) {
  if (first_ == nullptr) return Read(chunk, origin);
  *chunk = std::move(first_->chunk);
  *origin = first_->origin;
  first_.reset();
  return true;
}

absl::StatusOr<bool> FrameReader::Read(trace::Chunk* chunk, Origin* origin) {
  for (;;) {
    std::optional<Gap> damage;
    const absl::StatusOr<std::optional<FrameScanner::Frame>> found = scanner_.Next(&damage);
    if (!found.ok()) return found.status();
    if (damage) latest_damage_ = AddGap(*std::move(damage));
    if (!found->has_value()) return false;

    const FrameScanner::Frame& frame = **found;
    const uint64_t frame_bytes = sizeof(FrameHeader) + frame.header.stored_bytes;
    Writer* const writer = FindWriter(frame.header.writer_id);
    if (writer == nullptr) {
      AddGap({frame.offset, frame_bytes, 1, fmt::format("frames of more than {} writers", kMaxWriters)});
      continue;
    }
    if (!TakeSequence(frame, writer)) {
      AddGap({frame.offset, frame_bytes, 0, "duplicate frames, left out"});
      continue;
    }
    if (const absl::Status status = Decode(frame, chunk); !status.ok()) {
      AddGap({frame.offset, frame_bytes, 1, std::string(status.message())});
      continue;
    }
    if (chunk->has_segment_start()) {
      if (const absl::Status status = StartSegment(chunk->segment_start(), writer); !status.ok()) return status;
    }
    if (!warned_of_version_ && HasUnknownFields(*chunk)) {
      warned_of_version_ = true;
      warnings_.push_back("the trace has fields that this program does not know: they are left out");
    }
    const bool has_segment = writer->segment && writer->segment->segment_index() == frame.header.segment_index;
    *origin = {frame.header.writer_id, frame.header.sequence, frame.offset, frame.header.segment_index,
               has_segment ? &*writer->segment : nullptr};
    return true;
  }
}

FrameReader::Writer* FrameReader::FindWriter(uint64_t writer_id) {
  const auto it = writers_.find(writer_id);
  if (it != writers_.end()) return &it->second;
  return writers_.size() < kMaxWriters ? &writers_[writer_id] : nullptr;
}

bool FrameReader::TakeSequence(const FrameScanner::Frame& frame, Writer* writer) {
  const uint64_t sequence = frame.header.sequence;
  const uint64_t next = writer->sequence.next();
  if (sequence < next) {
    size_t label = 0;
    if (!writer->sequence.TakeMissing(sequence, &label)) return false;
    Gap& gap = gaps_[label];
    if (gap.frames_lost > 0) --gap.frames_lost;
    if (gap.frames_lost == 0 && gap.length_bytes == 0) gap.reason = "frames out of order: they stand later in the file";
    return true;
  }
  size_t label = 0;
  if (sequence > next) {
    const bool explained = latest_damage_ && gaps_[*latest_damage_].offset_bytes >= writer->end_offset;
    if (explained) {
      label = *latest_damage_;
      gaps_[label].frames_lost += sequence - next;
    } else {
      label = AddGap(
          {frame.offset, 0, sequence - next,
           fmt::format("frames {} to {} of writer {:016x} are missing", next, sequence - 1, frame.header.writer_id)});
    }
  }
  writer->sequence.Advance(sequence, label);
  writer->end_offset = frame.offset + sizeof(FrameHeader) + frame.header.stored_bytes;
  return true;
}

absl::Status FrameReader::Decode(const FrameScanner::Frame& frame, trace::Chunk* chunk) {
  const absl::StatusOr<std::string_view> raw = decoder_.Decode(frame.header, frame.stored);
  if (!raw.ok()) return raw.status();
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(raw->data()),
                                                static_cast<int>(raw->size()));
  stream.SetRecursionLimit(kMaxNesting);
  const google::protobuf::LogSilencer silencer;  // what is wrong is said by the gap, not on stderr
  if (chunk->ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage()) return absl::OkStatus();
  return absl::DataLossError(fmt::format("payload is not a Chunk message, or nests more than {} deep", kMaxNesting));
}

absl::Status FrameReader::StartSegment(const trace::SegmentStart& segment, Writer* writer) {
  if (segment.schema_major() > kSchemaMajor) {
    return absl::UnimplementedError(fmt::format(
        "written by stallpoint {} with trace schema {}.{}, this program reads up to {}.x: a newer stallpoint "
        "can read it",
        segment.stallpoint_version(), segment.schema_major(), segment.schema_minor(), kSchemaMajor));
  }
  if (segment.schema_major() == kSchemaMajor && segment.schema_minor() > kSchemaMinor && !warned_of_version_) {
    warned_of_version_ = true;
    warnings_.push_back(
        fmt::format("written with trace schema {}.{}, this program knows {}.{}: what is newer is left out",
                    segment.schema_major(), segment.schema_minor(), kSchemaMajor, kSchemaMinor));
  }
  if (writer->segment) segment_bytes_ -= writer->segment->SpaceUsedLong();
  writer->segment.reset();
  if (segment_bytes_ + segment.SpaceUsedLong() <= kMaxSegmentBytes) {
    segment_bytes_ += writer->segment.emplace(segment).SpaceUsedLong();
  }
  return absl::OkStatus();
}

size_t FrameReader::AddGap(Gap gap) {
  if (!gaps_.empty()) {
    Gap& last = gaps_.back();
    const bool continues = last.reason == gap.reason && last.offset_bytes + last.length_bytes == gap.offset_bytes;
    if (continues || gaps_.size() == kMaxGaps) {
      if (!continues) last.reason = "further damage";
      last.length_bytes += gap.length_bytes;
      last.frames_lost += gap.frames_lost;
      return gaps_.size() - 1;
    }
  }
  gaps_.push_back(std::move(gap));
  return gaps_.size() - 1;
}

absl::Status WithPath(const absl::Status& status, const std::string& path) {
  return absl::Status(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(const std::string& path) {
  // Without O_NONBLOCK a FIFO would wait for its writer here.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (!file.is_open() || fstat(file.get(), &info) != 0) return absl::ErrnoToStatus(errno, path + ": cannot be opened");
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(fmt::format("{}: {}, expected a .sptrace file", path,
                                                     S_ISDIR(info.st_mode) ? "a directory" : "not a regular file"));
  }
  std::string head(kFormatHeadBytes, '\0');
  const ssize_t head_bytes = pread(file.get(), head.data(), head.size(), 0);
  if (head_bytes < 0) return absl::ErrnoToStatus(errno, path + ": cannot be read");
  head.resize(static_cast<size_t>(head_bytes));
  auto reader = std::make_unique<FrameReader>(std::make_unique<FileSource>(std::move(file), path),
                                              static_cast<uint64_t>(info.st_size));
  if (const absl::Status status = reader->ReadFirst(head); !status.ok()) return WithPath(status, path);
  return reader;
}

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::OpenBytes(std::string_view bytes) {
  auto reader = std::make_unique<FrameReader>(std::make_unique<MemorySource>(bytes), bytes.size());
  if (const absl::Status status = reader->ReadFirst(bytes); !status.ok()) return status;
  return reader;
}

}  // namespace stallpoint
