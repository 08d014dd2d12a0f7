// stallpoint why: the verdict, its evidence, the setting that fixes it.
#include <unistd.h>

#include <memory>
#include <string>

#include "fmt/color.h"
#include "fmt/format.h"
#include "replay/diagnose/diagnosis.h"
#include "replay/json.h"
#include "replay/predict/predictor.h"
#include "tools/program/context.h"
#include "tools/program/gate.h"
#include "tools/program/prediction_table.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

int Why(const std::string& path, const std::string& fail_if, const Context& context) {
  const auto gate = Gate::Parse(fail_if);
  if (!gate.ok()) return Fail(gate.status(), kExitUsage);
  const auto contents = LoadTrace(path);
  if (!contents.ok()) return Fail(contents.status(), TraceExitCode(contents.status()));
  Predictor::Options options;
  options.threshold = context.threshold;
  const auto predictor = Predictor::Fit(contents->runs, options);
  if (!predictor.ok() && !context.quiet) {
    fmt::print(stderr, "note: no setting can be predicted: {}\n", Printable(std::string(predictor.status().message())));
  }
  if (predictor.ok() && !context.quiet && !context.json) {
    fmt::print(stderr, "{}{}", FirstPassNote(**predictor), LeakNote(**predictor));
  }
  const Diagnosis diagnosis =
      Diagnose(contents->main_run(), predictor.ok() ? predictor->get() : nullptr, context.threshold);
  if (context.json) {
    PrintJson(DiagnosisJson(diagnosis));
    return gate->ExitCode(Summarize(contents->main_run()), kExitOk);
  }
  for (size_t i = 0; i < diagnosis.lines.size(); ++i) {
    const std::string line = Printable(diagnosis.lines[i]);
    if (i == 0 && context.colored(STDOUT_FILENO)) {
      fmt::print(
          fmt::emphasis::bold | fmt::fg(diagnosis.healthy ? fmt::terminal_color::green : fmt::terminal_color::red),
          "{}", line);
      fmt::print("\n");
    } else {
      fmt::print("{}\n", line);
    }
  }
  return gate->ExitCode(Summarize(contents->main_run()), kExitOk);
}

}  // namespace

void AddWhy(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("why", "The verdict, its evidence, and the setting that fixes it");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "A trace")->required();
  const auto fail_if = AddFailIf(*verb);
  AddCommonFlags(*verb, context);
  verb->callback([=, &context, &exit_code] { exit_code = Why(*path, *fail_if, context); });
}

}  // namespace stallpoint
