#include "traces/units.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "fmt/core.h"

namespace stallpoint {
namespace {

struct Unit {
  std::string_view name;
  long double scale;
};

constexpr Unit kTimeUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}};
constexpr Unit kSizeUnits[] = {{"", 1},
                               {"B", 1},
                               {"KiB", 1024},
                               {"MiB", 1024.0 * 1024},
                               {"GiB", 1024.0 * 1024 * 1024},
                               {"TiB", 1024.0 * 1024 * 1024 * 1024},
                               {"kB", 1e3},
                               {"MB", 1e6},
                               {"GB", 1e9},
                               {"TB", 1e12}};

// A decimal number directly followed by a unit, as the nearest whole count of the smallest unit. A long double holds
// every 64-bit integer exactly. 2^64 stands for anything larger.
std::optional<long double> ParseQuantity(std::string_view text, std::span<const Unit> units) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  long double number = 0;
  const char* const end = text.data() + text.size();
  const auto [unit_begin, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error == std::errc::result_out_of_range) return 0x1p64L;
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(unit_begin, static_cast<size_t>(end - unit_begin));
  if (name.empty() && number == 0) return 0;
  for (const Unit& unit : units) {
    if (unit.name == name) return std::min(std::round(number * unit.scale), 0x1p64L);
  }
  return std::nullopt;
}

absl::Status TooLarge(std::string_view text, std::string_view limit) {
  return absl::InvalidArgumentError(fmt::format("'{}' is too large: expected at most {}", text, limit));
}

}  // namespace

absl::StatusOr<int64_t> ParseTimeNs(std::string_view text) {
  const std::optional<long double> ns = ParseQuantity(text, kTimeUnits);
  if (!ns) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not a time: expected a number with ns, us, ms, s, min or h, such as 20ms or 1.5s", text));
  }
  if (*ns >= 0x1p63L) return TooLarge(text, "2562047h");
  return static_cast<int64_t>(*ns);
}

absl::StatusOr<uint64_t> ParseSize(std::string_view text) {
  const std::optional<long double> bytes = ParseQuantity(text, kSizeUnits);
  if (!bytes) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not a size: expected a number of bytes, or one with KiB, MiB, GiB, TiB, kB, MB, GB or TB, "
                    "such as 512MiB",
                    text));
  }
  if (*bytes >= 0x1p64L) return TooLarge(text, "16777215TiB");
  return static_cast<uint64_t>(*bytes);
}

std::string FormatTimeNs(int64_t ns) {
  if (ns % 1'000'000'000 == 0) return fmt::format("{}s", ns / 1'000'000'000);
  if (ns % 1'000'000 == 0) return fmt::format("{}ms", ns / 1'000'000);
  if (ns % 1'000 == 0) return fmt::format("{}us", ns / 1'000);
  return fmt::format("{}ns", ns);
}

std::string FormatSize(uint64_t bytes) {
  constexpr std::string_view kSuffixes[] = {"", "KiB", "MiB", "GiB", "TiB"};
  size_t suffix = 0;
  while (bytes != 0 && bytes % 1024 == 0 && suffix + 1 < std::size(kSuffixes)) {
    bytes /= 1024;
    ++suffix;
  }
  return fmt::format("{}{}", bytes, kSuffixes[suffix]);
}

std::string HumanSize(double bytes) {
  constexpr std::string_view kSuffixes[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t suffix = 0;
  while (std::abs(bytes) >= 1023.5 && suffix + 1 < std::size(kSuffixes)) {
    bytes /= 1024;
    ++suffix;
  }
  const double magnitude = std::abs(bytes);
  const int decimals = suffix == 0 || magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", bytes, decimals, kSuffixes[suffix]);
}

std::string HumanTime(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", 1e3 * seconds);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{:.1f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.1f} days", seconds / 86400);
}

}  // namespace stallpoint
