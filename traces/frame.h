// The frame: the unit in which a .sptrace is written, checked and lost.
//
// A trace is a sequence of frames and nothing else, so concatenated traces are a trace. A frame is a header of 48
// bytes, little-endian, and the stored payload:
//
//   offset size  field
//        0    8  marker            kFrameMarker; where reading resumes after damage
//        8    1  format            kFrameFormat
//        9    1  codec             FrameCodec
//       10    2  reserved          0
//       12    4  segment_index     of the segment that the chunk belongs to
//       16    4  stored_bytes      of the payload as it follows, at most kMaxPayloadBytes
//       20    4  raw_bytes         of the payload decompressed, at most kMaxPayloadBytes
//       24    8  writer_id
//       32    8  sequence          0, 1, 2, ... per writer
//       40    4  payload_crc       CRC32C of the payload as stored
//       44    4  header_crc        CRC32C of the 44 bytes before
//
// The raw payload is one serialised trace::Chunk. The header has a CRC of its own: a length is believed, and memory
// given, only after it. Free functions are pure; a codec object belongs to one thread.
#ifndef STALLPOINT_TRACES_FRAME_H_
#define STALLPOINT_TRACES_FRAME_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace stallpoint {

// No text, and changed by any transfer that rewrites line ends or strips the eighth bit.
inline constexpr std::string_view kFrameMarker = "\xB7spt\r\n\x1A\xE9";
inline constexpr uint8_t kFrameFormat = 1;
inline constexpr uint32_t kMaxPayloadBytes = 1 << 20;

enum class FrameCodec : uint8_t { kNone = 0, kZstd = 1 };

struct FrameHeader {
  std::array<char, 8> marker;
  uint8_t format;
  FrameCodec codec;
  uint16_t reserved;
  uint32_t segment_index;
  uint32_t stored_bytes;
  uint32_t raw_bytes;
  uint64_t writer_id;
  uint64_t sequence;
  uint32_t payload_crc;
  uint32_t header_crc;
};
static_assert(sizeof(FrameHeader) == 48 && std::endian::native == std::endian::little,
              "the header is read and written as it lies in memory");

// CRC-32C (Castagnoli) as iSCSI and ext4 use it: Crc32c("123456789") == 0xE3069283.
uint32_t Crc32c(std::string_view bytes);

// The header at the beginning of `bytes`. DataLoss says what is wrong with it; Unimplemented: a sound header of a newer
// format.
absl::StatusOr<FrameHeader> DecodeFrameHeader(std::string_view bytes);

// Turns payloads into frames, compressed where that makes them smaller.
class FrameEncoder {
 public:
  // InvalidArgument: zstd has no such level.
  static absl::StatusOr<FrameEncoder> Create(uint64_t writer_id, int zstd_level);

  // The bytes of one frame, valid until the next call. REQUIRES: payload.size() <= kMaxPayloadBytes.
  std::string_view Encode(std::string_view payload, uint32_t segment_index, uint64_t sequence);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  FrameEncoder(uint64_t writer_id, std::unique_ptr<ZSTD_CCtx_s, FreeContext> context);

  uint64_t writer_id_;
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  std::unique_ptr<char[]> frame_;
};

// Turns stored payloads back into raw ones, never writing beyond the size that the header states.
class FrameDecoder {
 public:
  FrameDecoder();

  // Valid until the next call, or as long as `stored`. DataLoss: the payload is not what the header says.
  absl::StatusOr<std::string_view> Decode(const FrameHeader& header, std::string_view stored);

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  std::unique_ptr<char[]> raw_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_FRAME_H_
