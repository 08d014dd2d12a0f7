#include "traces/frame.h"

#include <random>
#include <string>

#include "catch.h"
#include "tests/traces/trace_bytes.h"

namespace stallpoint {
namespace {

std::string RoundTrip(const std::string& payload) {
  FrameEncoder encoder = *FrameEncoder::Create(5, 3);
  const std::string frame(encoder.Encode(payload, 2, 3));
  const FrameHeader header = *DecodeFrameHeader(frame);
  return std::string(*FrameDecoder().Decode(header, std::string_view(frame).substr(sizeof(header))));
}

TEST_CASE("the checksum is CRC-32C as RFC 3720 defines it") {
  CHECK(Crc32c("123456789") == 0xE3069283);
  CHECK(Crc32c("") == 0);
  CHECK(Crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(Crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("a frame lies in the file as frame.h describes it") {
  FrameEncoder encoder = *FrameEncoder::Create(0x0102030405060708, 3);
  const std::string frame(encoder.Encode("abc", 0x11, 0x22));
  REQUIRE(frame.size() == 48 + 3);
  CHECK(frame.substr(0, 8) == "\xB7spt\r\n\x1A\xE9");
  CHECK(frame.substr(8, 4) == std::string({1, 0, 0, 0}));               // format, no compression, reserved
  CHECK(frame.substr(12, 4) == std::string({0x11, 0, 0, 0}));           // segment
  CHECK(frame.substr(16, 8) == std::string({3, 0, 0, 0, 3, 0, 0, 0}));  // stored, raw
  CHECK(frame.substr(24, 8) == "\x08\x07\x06\x05\x04\x03\x02\x01");
  CHECK(frame.substr(32, 8) == std::string({0x22, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(frame.substr(40, 4) == std::string("\xB7\x3F\x4B\x36"));  // CRC-32C of "abc"
  CHECK(frame.substr(48) == "abc");
}

TEST_CASE("a payload of any kind and size comes back as it was") {
  std::mt19937 random(1);
  std::string noise(kMaxPayloadBytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  CHECK(RoundTrip("") == "");
  CHECK(RoundTrip("x") == "x");
  CHECK(RoundTrip(noise) == noise);
  CHECK(RoundTrip(std::string(kMaxPayloadBytes, 'a')) == std::string(kMaxPayloadBytes, 'a'));
}

TEST_CASE("compression is used only where it makes a payload smaller") {
  FrameEncoder encoder = *FrameEncoder::Create(5, 3);
  CHECK(DecodeFrameHeader(encoder.Encode(std::string(1000, 'a'), 0, 0))->codec == FrameCodec::kZstd);
  CHECK(DecodeFrameHeader(encoder.Encode("abc", 0, 0))->codec == FrameCodec::kNone);
}

TEST_CASE("every single flipped bit of a header is noticed") {
  const std::string frame = NumberedFrames(1)[0];
  for (size_t bit = 0; bit < sizeof(FrameHeader) * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(DecodeFrameHeader(damaged).ok());
  }
}

TEST_CASE("a header is refused by name of what is wrong with it") {
  const std::string frame = NumberedFrames(1)[0];
  CHECK(DecodeFrameHeader("").status().message() == "no frame marker");
  CHECK(DecodeFrameHeader(frame.substr(0, 20)).status().message() == "frame header cut off after 20 of 48 bytes");
  const auto refusal = [](void (*change)(FrameHeader*)) {
    return std::string(DecodeFrameHeader(ForgeFrame("abc", change)).status().message());
  };
  CHECK(refusal([](FrameHeader* header) { header->codec = FrameCodec{7}; }) == "frame codec 7 is unknown");
  CHECK(refusal([](FrameHeader* header) { header->stored_bytes = kMaxPayloadBytes + 1; }) ==
        "frame states 1048577 bytes stored and 3 raw, more than the limit of 1048576");
  CHECK(refusal([](FrameHeader* header) { header->raw_bytes = 0xFFFFFFFF; }) ==
        "frame states 3 bytes stored and 4294967295 raw, more than the limit of 1048576");
  CHECK(refusal([](FrameHeader* header) { header->format = 2; }) ==
        "frame format 2 is newer than this program's 1: a newer stallpoint can read it");
}

TEST_CASE("a payload that does not become what its header states is refused") {
  FrameEncoder encoder = *FrameEncoder::Create(5, 3);
  const std::string frame(encoder.Encode(std::string(1000, 'a'), 0, 0));
  const std::string_view stored = std::string_view(frame).substr(sizeof(FrameHeader));
  FrameHeader header = *DecodeFrameHeader(frame);
  FrameDecoder decoder;
  header.raw_bytes = 999;
  CHECK_FALSE(decoder.Decode(header, stored).ok());
  header.raw_bytes = 1001;
  CHECK(decoder.Decode(header, stored).status().message() == "payload decompresses to 1000 bytes, 1001 were stated");
  header.raw_bytes = 1000;
  CHECK(decoder.Decode(header, stored).ok());
  CHECK_FALSE(decoder.Decode(header, stored.substr(0, stored.size() - 1)).ok());
  header.codec = FrameCodec::kNone;
  CHECK_FALSE(decoder.Decode(header, stored).ok());
}

TEST_CASE("a zstd level that does not exist is refused") {
  CHECK(absl::IsInvalidArgument(FrameEncoder::Create(1, 23).status()));
}

}  // namespace
}  // namespace stallpoint
