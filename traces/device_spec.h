// The `--device` text: "cpu", "cuda:N" or "emulated[:launch=TIME,sample=TIME,base=SIZE,sample_bytes=SIZE]".
#ifndef STALLPOINT_TRACES_DEVICE_SPEC_H_
#define STALLPOINT_TRACES_DEVICE_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace stallpoint {

struct DeviceSpec {
  enum class Kind { kCpu, kCuda, kEmulated };

  Kind kind = Kind::kCpu;
  int index = 0;  // of cuda:N
  // Emulated only: busy time of a step is launch + sample * samples. Absent: not stated.
  std::optional<int64_t> launch_ns, sample_ns;
  // Emulated only: device memory is base + sample_bytes * samples. Absent: unknown.
  std::optional<uint64_t> base_bytes, sample_bytes;

  // Busy time of an emulated step; times that were not stated count as 0.
  int64_t StepNs(int64_t samples) const { return launch_ns.value_or(0) + sample_ns.value_or(0) * samples; }
};

// InvalidArgument names the part that was not understood and what would be.
absl::StatusOr<DeviceSpec> ParseDevice(std::string_view text);
// The canonical text, which parses to the same spec.
std::string FormatDevice(const DeviceSpec& spec);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_DEVICE_SPEC_H_
