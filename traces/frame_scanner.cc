#include "traces/frame_scanner.h"

#include <cstring>
#include <utility>

#include "fmt/core.h"

namespace stallpoint {
namespace {

// Holds any frame, and moves few bytes per read.
constexpr size_t kBufferBytes = 2 << 20;
// Frames nested in damaged payloads could make checking quadratic: beyond this much, lengths are believed.
constexpr uint64_t kMaxDistrustedBytes = 1 << 30;

std::string TailReason(uint64_t length, uint64_t zeros, const std::string& reason) {
  if (zeros >= length) return "zero-filled tail";
  if (zeros >= sizeof(FrameHeader)) return fmt::format("torn tail: {}; the last {} bytes are zeros", reason, zeros);
  return fmt::format("torn tail: {}", reason);
}

}  // namespace

FrameScanner::FrameScanner(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

absl::StatusOr<std::optional<FrameScanner::Frame>> FrameScanner::Next(std::optional<Gap>* damage) {
  damage->reset();
  const uint64_t start = offset_;
  std::string reason;
  zeros_ = 0;
  for (;;) {
    Fill(1);
    const uint64_t passed_over = offset_ - start;
    if (Unread().empty()) {
      if (!source_status_.ok()) return source_status_;
      if (passed_over > 0) *damage = Gap{start, passed_over, 0, TailReason(passed_over, zeros_, reason)};
      return std::nullopt;
    }
    size_t frame_bytes = 0;
    const absl::StatusOr<Frame> frame = FrameHere(&frame_bytes);
    if (frame.ok()) {
      if (passed_over > 0) *damage = Gap{start, passed_over, 0, reason};
      Skip(sizeof(FrameHeader) + frame->stored.size());
      return *frame;
    }
    if (passed_over == 0) reason = std::string(frame.status().message());
    if (frame_bytes > 0) {
      Skip(frame_bytes);
    } else {
      Skip(1);
      SkipToMarker();
    }
  }
}

absl::StatusOr<FrameScanner::Frame> FrameScanner::FrameHere(size_t* frame_bytes) {
  Fill(sizeof(FrameHeader));
  const absl::StatusOr<FrameHeader> header = DecodeFrameHeader(Unread());
  if (absl::IsUnimplemented(header.status())) newer_format_ = header.status();
  if (!header.ok()) return header.status();
  const size_t stated_bytes = sizeof(FrameHeader) + header->stored_bytes;
  Fill(stated_bytes + sizeof(FrameHeader));
  const std::string_view unread = Unread();
  if (unread.size() < stated_bytes) {
    return absl::DataLossError(fmt::format("frame cut off after {} of {} bytes", unread.size(), stated_bytes));
  }
  const std::string_view stored = unread.substr(sizeof(FrameHeader), header->stored_bytes);
  if (Crc32c(stored) == header->payload_crc) return Frame{*header, offset_, stored};
  // A frame that follows where this one should end confirms the length. Otherwise the payload may be the torn end of a
  // trace to which another was appended, and frames begin inside it.
  distrusted_bytes_ += stated_bytes;
  const std::string_view rest = unread.substr(stated_bytes);
  if (rest.empty() || DecodeFrameHeader(rest).ok() || distrusted_bytes_ > kMaxDistrustedBytes) {
    *frame_bytes = stated_bytes;
  }
  return absl::DataLossError("frame payload checksum is wrong");
}

void FrameScanner::Fill(size_t count) {
  if (end_ - begin_ >= count || at_end_) return;
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < kBufferBytes && !at_end_) {
    const absl::StatusOr<size_t> read = source_->Read(buffer_.get() + end_, kBufferBytes - end_);
    source_status_ = read.status();
    at_end_ = !read.ok() || *read == 0;
    end_ += read.value_or(0);
  }
}

void FrameScanner::Skip(size_t count) {
  const size_t last_other = Unread().substr(0, count).find_last_not_of('\0');
  zeros_ = last_other == std::string_view::npos ? zeros_ + count : count - 1 - last_other;
  begin_ += count;
  offset_ += count;
}

void FrameScanner::SkipToMarker() {
  for (;;) {
    Fill(kFrameMarker.size());
    const size_t at = Unread().find(kFrameMarker);
    if (at != std::string_view::npos) return Skip(at);
    if (at_end_) return Skip(Unread().size());
    Skip(Unread().size() - (kFrameMarker.size() - 1));
  }
}

}  // namespace stallpoint
