// Durations and sizes as people type and read them: "20ms", "1.5s", "8GiB", "512MiB", "64KiB", "1MB", "4096".
#ifndef STALLPOINT_TRACES_UNITS_H_
#define STALLPOINT_TRACES_UNITS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace stallpoint {

inline constexpr double kNsPerMs = 1e6;

// Nanoseconds. A bare number other than 0 has no unit and is refused. InvalidArgument names the text and the form.
absl::StatusOr<int64_t> ParseTimeNs(std::string_view text);
// Bytes. KiB, MiB, GiB, TiB are powers of 1024; kB, MB, GB, TB of 1000; a bare number is bytes.
absl::StatusOr<uint64_t> ParseSize(std::string_view text);

// Shortest text that parses to the same value: "20ms", "1500us".
std::string FormatTimeNs(int64_t ns);
// Exact where it can be ("8GiB"), else bytes.
std::string FormatSize(uint64_t bytes);
// For reading, three significant figures: "1.43 GiB".
std::string HumanSize(double bytes);
// "850 ms", "12.4 s", "6.2 min", "3.1 h", "2.5 days".
std::string HumanTime(double seconds);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_UNITS_H_
