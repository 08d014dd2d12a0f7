// "8,16,32", "0:8", "8:256:*2", "8:256:+8": the values of one axis of a sweep.
#include <charconv>
#include <limits>

#include "absl/status/status.h"
#include "fmt/core.h"
#include "replay/search/sweep.h"
#include "traces/text.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr size_t kMostValues = 10'000;
constexpr const char* kForm =
    "expected one value, a list 8,16,32, a range 0:8, or one with a step 8:256:*2 or 8:256:+8";

absl::Status Bad(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(fmt::format("'{}': {}; {}", text, why, kForm));
}

absl::StatusOr<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > kMost) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a whole number from 0", text));
  }
  return value;
}

struct Step {
  bool doubles = false;  // multiplies by `by` instead of adding it
  uint64_t by = 1;
};

using ParseValue = absl::StatusOr<uint64_t> (*)(std::string_view);

absl::StatusOr<Step> ParseStep(std::string_view text, ParseValue parse) {
  if (text.size() < 2 || (text[0] != '*' && text[0] != '+')) {
    return absl::InvalidArgumentError(fmt::format("'{}' is not a step", text));
  }
  Step step{.doubles = text[0] == '*'};
  const absl::StatusOr<uint64_t> by = step.doubles ? ParseCount(text.substr(1)) : parse(text.substr(1));
  if (!by.ok()) return by.status();
  if (*by < (step.doubles ? 2u : 1u)) {
    return absl::InvalidArgumentError(fmt::format("with the step '{}' the range has no end", text));
  }
  step.by = *by;
  return step;
}

absl::StatusOr<std::vector<uint64_t>> Parse(const std::string& text, Step step, ParseValue parse) {
  std::vector<uint64_t> values;
  const std::vector<std::string_view> parts = Split(text, ':');
  if (parts.size() > 3) return Bad(text, "it has more than three parts");
  if (parts.size() == 1) {
    for (const std::string_view part : Split(text, ',')) {
      const absl::StatusOr<uint64_t> value = parse(part);
      if (!value.ok()) return Bad(text, std::string(value.status().message()));
      values.push_back(*value);
    }
    return values;
  }
  const absl::StatusOr<uint64_t> first = parse(parts[0]), last = parse(parts[1]);
  for (const auto* bound : {&first, &last}) {
    if (!bound->ok()) return Bad(text, std::string(bound->status().message()));
  }
  if (parts.size() == 3) {
    const absl::StatusOr<Step> given = ParseStep(parts[2], parse);
    if (!given.ok()) return Bad(text, std::string(given.status().message()));
    step = *given;
  }
  if (*first > *last) return Bad(text, "the range ends before it begins");
  if (step.doubles && *first == 0) return Bad(text, "a range that multiplies cannot begin at 0");
  for (uint64_t value = *first;;) {
    if (values.size() == kMostValues) return Bad(text, fmt::format("the range has more than {} values", kMostValues));
    values.push_back(value);
    if (step.doubles ? value > *last / step.by : *last - value < step.by) return values;
    value = step.doubles ? value * step.by : value + step.by;
  }
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> ParseRange(const std::string& text) {
  const auto values = Parse(text, {.doubles = false, .by = 1}, ParseCount);
  if (!values.ok()) return values.status();
  return std::vector<int64_t>(values->begin(), values->end());
}

absl::StatusOr<std::vector<uint64_t>> ParseSizeRange(const std::string& text) {
  return Parse(text, {.doubles = true, .by = 2}, ParseSize);
}

}  // namespace stallpoint
