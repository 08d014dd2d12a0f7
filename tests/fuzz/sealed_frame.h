// Frames with sound checksums around arbitrary bytes, so that damage gets past the checksums.
#ifndef STALLPOINT_TESTS_FUZZ_SEALED_FRAME_H_
#define STALLPOINT_TESTS_FUZZ_SEALED_FRAME_H_

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "traces/frame.h"

namespace stallpoint {

inline std::string SealFrame(FrameHeader header, std::string_view stored) {
  std::memcpy(header.marker.data(), kFrameMarker.data(), kFrameMarker.size());
  header.payload_crc = Crc32c(stored);
  std::string frame(sizeof(header), '\0');
  std::memcpy(frame.data(), &header, sizeof(header));
  header.header_crc = Crc32c(std::string_view(frame).substr(0, offsetof(FrameHeader, header_crc)));
  std::memcpy(frame.data(), &header, sizeof(header));
  return frame.append(stored);
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_FUZZ_SEALED_FRAME_H_
