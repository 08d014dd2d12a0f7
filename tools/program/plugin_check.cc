#include "tools/program/plugin_check.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fmt/core.h"
#include "harness/check/plugin_check.h"
#include "harness/run/run_exit.h"
#include "tools/program/knob_flags.h"
#include "tools/program/text.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

struct CheckFlags {
  std::string plugin, data_dir, only, timeout = "30s";
  std::vector<std::string> set;
};

size_t WidestName() {
  size_t width = 0;
  for (const std::string& name : CheckNames()) width = std::max(width, name.size());
  return width;
}

void PrintReport(const CheckReport& report) {
  fmt::print("{:<5}  {:<{}}  {}\n", Name(report.verdict), report.check, WidestName(), Printable(report.sentence));
  fflush(stdout);
}

int Count(const std::vector<CheckReport>& reports, Verdict verdict) {
  return static_cast<int>(
      std::count_if(reports.begin(), reports.end(), [&](const CheckReport& r) { return r.verdict == verdict; }));
}

int CheckOne(const CheckFlags& flags, const Context& context) {
  auto options = ParseSetOptions(flags.set);
  if (!options.ok()) return Fail(options.status(), kExitUsage);
  const auto timeout_ns = ParseTimeNs(flags.timeout);
  if (!timeout_ns.ok() || *timeout_ns == 0) {
    return Fail(
        absl::InvalidArgumentError(fmt::format("--timeout {}: expected a time above 0, such as 30s", flags.timeout)),
        kExitUsage);
  }
  const CheckTarget target{
      .plugin = flags.plugin, .options = *std::move(options), .data_dir = flags.data_dir, .only = flags.only};
  const auto shown = [&](const CheckReport& report) {
    if (!context.json) PrintReport(report);
  };
  const auto reports = CheckPlugin(target, *timeout_ns, shown, Context::interrupted());
  if (absl::IsCancelled(reports.status())) return kExitInterrupted;
  if (!reports.ok()) return Fail(reports.status(), ExitCodeOf(reports.status()));

  const int failed = Count(*reports, Verdict::kFail) + Count(*reports, Verdict::kCrash);
  const bool loaded = reports->front().verdict == Verdict::kPass;
  if (context.json) {
    nlohmann::ordered_json json = JsonHead();
    json["plugin"] = flags.plugin;
    json["in_order"] = failed == 0;
    json["checks"] = nlohmann::ordered_json::array();
    for (const CheckReport& r : *reports) {
      json["checks"].push_back({{"check", r.check}, {"result", Name(r.verdict)}, {"sentence", r.sentence}});
    }
    PrintJson(json);
  } else if (!context.quiet) {
    fmt::print("{} passed, {} failed, {} warned, {} skipped{}\n", Count(*reports, Verdict::kPass), failed,
               Count(*reports, Verdict::kWarn), Count(*reports, Verdict::kSkip),
               loaded ? "" : ", the others not tried");
  }
  return failed == 0 ? kExitOk : kExitPlugin;
}

}  // namespace

void AddPluginCheck(CLI::App& plugin, Context& context, int& exit_code) {
  CLI::App* verb = plugin.add_subcommand(
      "check", "Whether a workload or probe keeps the rules of the boundary: each check in a process of its own");
  auto flags = std::make_shared<CheckFlags>();
  verb->add_option("PLUGIN", flags->plugin, "The plugin's file (a path with '/'), or an id")->required();
  verb->add_option("--data", flags->data_dir, "The folder the workload opens")->type_name("DIR");
  verb->add_option("--set", flags->set, "An option of the plugin, repeated")->type_name("KEY=VALUE");
  verb->add_option("--only", flags->only, "One check besides loading")->type_name("CHECK");
  verb->add_option("--timeout", flags->timeout, "How long one check may take")
      ->type_name("TIME")
      ->capture_default_str();
  AddCommonFlags(*verb, context);
  verb->callback([=, &context, &exit_code] { exit_code = CheckOne(*flags, context); });
}

}  // namespace stallpoint
