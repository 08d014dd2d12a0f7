#include "tools/program/gate.h"

#include <cstdlib>
#include <optional>
#include <string_view>

#include "fmt/core.h"
#include "tools/program/context.h"
#include "tools/program/text.h"
#include "traces/text.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

using Metric = Gate::Metric;

struct Known {
  Metric metric;
  const char* name;
  const char* example;
};
constexpr Known kKnown[] = {{Metric::kStall, "stall", "stall>5%"},
                            {Metric::kStepMs, "step", "step>20ms"},
                            {Metric::kThroughput, "throughput", "throughput<100"}};

std::optional<double> ParseBound(Metric metric, const std::string& text) {
  if (metric == Metric::kStepMs) {
    const auto ns = ParseTimeNs(text);
    return ns.ok() ? std::optional<double>(static_cast<double>(*ns) / kNsPerMs) : std::nullopt;
  }
  if (metric == Metric::kStall) {
    double share;
    return ParseShare(text, &share) ? std::optional<double>(share) : std::nullopt;
  }
  char* end;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && value >= 0 ? std::optional<double>(value) : std::nullopt;
}

std::string Shown(Metric metric, double value) {
  if (metric == Metric::kStall) return Percent(value);
  return metric == Metric::kStepMs ? Milliseconds(value) : fmt::format("{:.4g} samples/s", value);
}

std::optional<double> ValueOf(Metric metric, const RunSummary& summary) {
  if (summary.window.steps() <= 0) return std::nullopt;
  if (metric == Metric::kStall) return summary.shares.stall();
  return metric == Metric::kStepMs ? summary.step_ms_mean : summary.throughput_per_s;
}

}  // namespace

absl::StatusOr<Gate> Gate::Parse(const std::string& text) {
  Gate gate;
  if (text.empty()) return gate;
  for (const std::string_view part : Split(text, ',')) {
    const std::string condition(part);
    const size_t sign = condition.find_first_of("<>");
    const bool or_equal = sign != std::string::npos && sign + 1 < condition.size() && condition[sign + 1] == '=';
    std::optional<double> bound;
    Metric metric = Metric::kStall;
    for (const Known& known : kKnown) {
      if (sign == std::string::npos || condition.substr(0, sign) != known.name) continue;
      metric = known.metric;
      bound = ParseBound(metric, condition.substr(sign + (or_equal ? 2 : 1)));
    }
    if (!bound) {
      return absl::InvalidArgumentError(
          fmt::format("--fail-if '{}': expected conditions such as {}, {}, {}, joined by ','", condition,
                      kKnown[0].example, kKnown[1].example, kKnown[2].example));
    }
    gate.conditions_.push_back({condition, metric, condition[sign] == '>', or_equal, *bound});
  }
  return gate;
}

std::vector<std::string> Gate::Failing(const RunSummary& summary) const {
  std::vector<std::string> failing;
  for (const Condition& c : conditions_) {
    const std::optional<double> value = ValueOf(c.metric, summary);
    if (!value) {
      failing.push_back(fmt::format("{}: not known, no step was finished", c.text));
      continue;
    }
    const bool beyond = c.above ? *value > c.bound : *value < c.bound;
    if (beyond || (c.or_equal && *value == c.bound)) {
      failing.push_back(fmt::format("{}: it is {}", c.text, Shown(c.metric, *value)));
    }
  }
  return failing;
}

int Gate::ExitCode(const RunSummary& summary, int otherwise) const {
  const std::vector<std::string> failing = Failing(summary);
  for (const std::string& sentence : failing) fmt::print(stderr, "failed: {}\n", Printable(sentence));
  return failing.empty() ? otherwise : kExitGateFailed;
}

std::shared_ptr<std::string> AddFailIf(CLI::App& verb) {
  auto text = std::make_shared<std::string>();
  verb.add_option("--fail-if", *text,
                  "Exit with 1 when this holds of the run: stall>5%, step>20ms, throughput<100, joined by ','")
      ->type_name("EXPR");
  return text;
}

}  // namespace stallpoint
