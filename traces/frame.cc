#include "traces/frame.h"

#include <isa-l/crc.h>
#include <zstd.h>

#include <cstring>
#include <utility>

#include "fmt/core.h"

namespace stallpoint {
namespace {

constexpr size_t kHeaderCrcOffset = offsetof(FrameHeader, header_crc);

template <typename... Args>
absl::Status Damaged(fmt::format_string<Args...> format, Args&&... args) {
  return absl::DataLossError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  // isal leaves the customary inversions before and after to its caller, and takes a pointer to non-const.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~uint32_t{0});
}

absl::StatusOr<FrameHeader> DecodeFrameHeader(std::string_view bytes) {
  if (!bytes.starts_with(kFrameMarker)) return Damaged("no frame marker");
  if (bytes.size() < sizeof(FrameHeader)) {
    return Damaged("frame header cut off after {} of {} bytes", bytes.size(), sizeof(FrameHeader));
  }
  FrameHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.header_crc != Crc32c(bytes.substr(0, kHeaderCrcOffset))) return Damaged("frame header checksum is wrong");
  if (header.format > kFrameFormat) {
    return absl::UnimplementedError(
        fmt::format("frame format {} is newer than this program's {}: a newer stallpoint can read it", header.format,
                    kFrameFormat));
  }
  if (header.codec != FrameCodec::kNone && header.codec != FrameCodec::kZstd) {
    return Damaged("frame codec {} is unknown", static_cast<int>(header.codec));
  }
  if (header.stored_bytes > kMaxPayloadBytes || header.raw_bytes > kMaxPayloadBytes) {
    return Damaged("frame states {} bytes stored and {} raw, more than the limit of {}", header.stored_bytes,
                   header.raw_bytes, kMaxPayloadBytes);
  }
  return header;
}

void FrameEncoder::FreeContext::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

FrameEncoder::FrameEncoder(uint64_t writer_id, std::unique_ptr<ZSTD_CCtx_s, FreeContext> context)
    : writer_id_(writer_id),
      context_(std::move(context)),
      frame_(std::make_unique_for_overwrite<char[]>(sizeof(FrameHeader) + kMaxPayloadBytes)) {}

absl::StatusOr<FrameEncoder> FrameEncoder::Create(uint64_t writer_id, int zstd_level) {
  if (zstd_level < ZSTD_minCLevel() || zstd_level > ZSTD_maxCLevel()) {
    return absl::InvalidArgumentError(
        fmt::format("zstd level {}: expected {} to {}", zstd_level, ZSTD_minCLevel(), ZSTD_maxCLevel()));
  }
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context(ZSTD_createCCtx());
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for the compressor of a trace");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, zstd_level);
  return FrameEncoder(writer_id, std::move(context));
}

std::string_view FrameEncoder::Encode(std::string_view payload, uint32_t segment_index, uint64_t sequence) {
  char* const stored = frame_.get() + sizeof(FrameHeader);
  FrameHeader header = {.format = kFrameFormat,
                        .codec = FrameCodec::kZstd,
                        .segment_index = segment_index,
                        .raw_bytes = static_cast<uint32_t>(payload.size()),
                        .writer_id = writer_id_,
                        .sequence = sequence};
  std::memcpy(header.marker.data(), kFrameMarker.data(), kFrameMarker.size());
  size_t stored_bytes = ZSTD_compress2(context_.get(), stored, payload.size(), payload.data(), payload.size());
  if (ZSTD_isError(stored_bytes)) {
    header.codec = FrameCodec::kNone;
    stored_bytes = payload.copy(stored, payload.size());
  }
  header.stored_bytes = static_cast<uint32_t>(stored_bytes);
  header.payload_crc = Crc32c({stored, stored_bytes});
  std::memcpy(frame_.get(), &header, kHeaderCrcOffset);
  header.header_crc = Crc32c({frame_.get(), kHeaderCrcOffset});
  std::memcpy(frame_.get(), &header, sizeof(header));
  return {frame_.get(), sizeof(FrameHeader) + stored_bytes};
}

void FrameDecoder::FreeContext::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

FrameDecoder::FrameDecoder()
    : context_(ZSTD_createDCtx()), raw_(std::make_unique_for_overwrite<char[]>(kMaxPayloadBytes)) {}

absl::StatusOr<std::string_view> FrameDecoder::Decode(const FrameHeader& header, std::string_view stored) {
  if (header.codec == FrameCodec::kNone) {
    if (header.stored_bytes == header.raw_bytes) return stored;
    return Damaged("uncompressed frame states {} bytes stored but {} raw", header.stored_bytes, header.raw_bytes);
  }
  const size_t raw_bytes =
      ZSTD_decompressDCtx(context_.get(), raw_.get(), header.raw_bytes, stored.data(), stored.size());
  if (ZSTD_isError(raw_bytes)) {
    return Damaged("payload does not decompress to the {} bytes stated: {}", header.raw_bytes,
                   ZSTD_getErrorName(raw_bytes));
  }
  if (raw_bytes != header.raw_bytes) {
    return Damaged("payload decompresses to {} bytes, {} were stated", raw_bytes, header.raw_bytes);
  }
  return std::string_view(raw_.get(), raw_bytes);
}

}  // namespace stallpoint
