#include "tools/program/run_verb.h"

#include "fmt/core.h"
#include "tools/program/progress.h"
#include "tools/program/text.h"
#include "traces/text.h"

namespace stallpoint {

absl::StatusOr<RunOutcome> ExecuteShown(const RunRequest& request, const std::string& what, const Context& context) {
  ProgressLine line(context);
  auto outcome = ExecuteRun(
      request, [&](const RunProgress& progress) { line.Show(what, progress); }, Context::interrupted());
  line.Clear();
  if (outcome.ok() && !context.quiet) {
    for (const std::string& warning : outcome->warnings) {
      const char* head = "note: ";
      for (const std::string_view line : Split(warning, '\n')) {
        fmt::print(stderr, "{}{}\n", head, Printable(line));
        head = "      ";
      }
    }
  }
  return outcome;
}

int ExitCodeOf(const RunOutcome& outcome) {
  switch (outcome.outcome) {
    case trace::OUTCOME_OK:
      return outcome.exit_code;
    case trace::OUTCOME_CANCELLED:
      return kExitInterrupted;
    default:
      return outcome.exit_code != 0 ? outcome.exit_code : kExitWorkload;
  }
}

}  // namespace stallpoint
