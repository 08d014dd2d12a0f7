#include "tools/program/context.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "fmt/core.h"
#include "tools/program/text.h"

namespace stallpoint {

bool Context::progress() const { return !quiet && isatty(STDERR_FILENO); }

bool Context::colored(int fd) const {
  if (color == "always") return true;
  if (color == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(fd);
}

std::atomic<bool>& Context::interrupted() {
  static std::atomic<bool> flag{false};
  return flag;
}

void AddCommonFlags(CLI::App& verb, Context& context) {
  verb.add_flag("--json", context.json, "Print one JSON object instead of text");
  verb.add_flag("--quiet", context.quiet, "No progress and no remarks on stderr");
  verb.add_flag("--force", context.force, "Overwrite existing output files");
  verb.add_option("--color", context.color, "Colour in the output")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  verb.add_option("--threshold", context.threshold_text, "Share of the step time that counts as stalled")
      ->check([&context](const std::string& text) {
        return ParseShare(text, &context.threshold) ? std::string()
                                                    : "expected a share such as 5% or 0.05, found '" + text + "'";
      })
      ->capture_default_str();
}

bool ParseShare(const std::string& text, double* share) {
  absl::string_view number = text;
  const bool percent = absl::ConsumeSuffix(&number, "%");
  double value = 0;
  if (!absl::SimpleAtod(number, &value)) return false;
  if (percent) value /= 100;
  if (!(value >= 0 && value <= 1)) return false;
  *share = value;
  return true;
}

int Fail(const absl::Status& status, int code) {
  fmt::print(stderr, "error: {}\n", Printable(std::string(status.message())));
  return code;
}

int TraceExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:
      return kExitIo;
    default:
      return kExitBadTrace;
  }
}

void PrintJson(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

nlohmann::ordered_json JsonHead() { return {{"schema_version", 1}, {"stallpoint_version", STALLPOINT_VERSION}}; }

}  // namespace stallpoint
