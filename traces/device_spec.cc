#include "traces/device_spec.h"

#include <charconv>
#include <vector>

#include "fmt/format.h"
#include "traces/text.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int kMaxDeviceIndex = 1023;
// With batches of at most 2^24 samples the times and bytes of a step stay far from overflow.
constexpr int64_t kMaxLaunchNs = int64_t{3600} * 1'000'000'000;
constexpr int64_t kMaxSampleNs = int64_t{60} * 1'000'000'000;
constexpr uint64_t kMaxBaseBytes = uint64_t{1} << 50;
constexpr uint64_t kMaxSampleBytes = uint64_t{1} << 36;

absl::Status BadPart(std::string_view part, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("--device: '{}': {}", part, why));
}

template <typename T, typename Parse, typename Format>
absl::Status SetOnce(std::string_view part, std::string_view value, T limit, Parse parse, Format format,
                     std::optional<T>* field) {
  if (field->has_value()) return BadPart(part, "given twice");
  const absl::StatusOr<T> parsed = parse(value);
  if (!parsed.ok()) return BadPart(part, std::string(parsed.status().message()));
  if (*parsed > limit) return BadPart(part, fmt::format("expected at most {}", format(limit)));
  *field = *parsed;
  return absl::OkStatus();
}

absl::Status ParseEmulatedPart(std::string_view part, DeviceSpec* spec) {
  const auto [key, value] = SplitOnce(part, '=');
  if (key == "launch") return SetOnce(part, value, kMaxLaunchNs, ParseTimeNs, FormatTimeNs, &spec->launch_ns);
  if (key == "sample") return SetOnce(part, value, kMaxSampleNs, ParseTimeNs, FormatTimeNs, &spec->sample_ns);
  if (key == "base") return SetOnce(part, value, kMaxBaseBytes, ParseSize, FormatSize, &spec->base_bytes);
  if (key == "sample_bytes") {
    return SetOnce(part, value, kMaxSampleBytes, ParseSize, FormatSize, &spec->sample_bytes);
  }
  return BadPart(part, "expected launch=TIME, sample=TIME, base=SIZE or sample_bytes=SIZE");
}

absl::StatusOr<DeviceSpec> ParseCuda(std::string_view text, std::string_view index_text) {
  DeviceSpec spec{.kind = DeviceSpec::Kind::kCuda};
  const char* const end = index_text.data() + index_text.size();
  const auto [stop, error] = std::from_chars(index_text.data(), end, spec.index);
  if (error != std::errc() || stop != end || spec.index < 0 || spec.index > kMaxDeviceIndex) {
    return BadPart(text, fmt::format("expected cuda:N with N from 0 to {}", kMaxDeviceIndex));
  }
  return spec;
}

}  // namespace

absl::StatusOr<DeviceSpec> ParseDevice(std::string_view text) {
  constexpr std::string_view kCuda = "cuda:";
  constexpr std::string_view kEmulated = "emulated:";
  if (text == "cpu") return DeviceSpec{};
  if (text == "cuda") return DeviceSpec{.kind = DeviceSpec::Kind::kCuda};
  if (text.starts_with(kCuda)) return ParseCuda(text, text.substr(kCuda.size()));
  DeviceSpec emulated{.kind = DeviceSpec::Kind::kEmulated};
  if (text == "emulated") return emulated;
  if (!text.starts_with(kEmulated)) {
    return BadPart(text, "expected cpu, cuda:N or emulated[:launch=TIME,sample=TIME,base=SIZE,sample_bytes=SIZE]");
  }
  for (const std::string_view part : Split(text.substr(kEmulated.size()), ',')) {
    if (const absl::Status status = ParseEmulatedPart(part, &emulated); !status.ok()) return status;
  }
  return emulated;
}

std::string FormatDevice(const DeviceSpec& spec) {
  if (spec.kind == DeviceSpec::Kind::kCpu) return "cpu";
  if (spec.kind == DeviceSpec::Kind::kCuda) return fmt::format("cuda:{}", spec.index);
  std::vector<std::string> parts;
  if (spec.launch_ns) parts.push_back("launch=" + FormatTimeNs(*spec.launch_ns));
  if (spec.sample_ns) parts.push_back("sample=" + FormatTimeNs(*spec.sample_ns));
  if (spec.base_bytes) parts.push_back("base=" + FormatSize(*spec.base_bytes));
  if (spec.sample_bytes) parts.push_back("sample_bytes=" + FormatSize(*spec.sample_bytes));
  return parts.empty() ? "emulated" : fmt::format("emulated:{}", fmt::join(parts, ","));
}

}  // namespace stallpoint
