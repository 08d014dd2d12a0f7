// stallpoint doctor: what this machine offers, and what to do about what is missing.
#include "harness/doctor/doctor.h"

#include <string>
#include <vector>

#include "fmt/core.h"
#include "tools/program/context.h"
#include "tools/program/nsight.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"

namespace stallpoint {
namespace {

Finding Nsight() {
  const auto importer = FindNsightImporter();
  if (importer.ok()) return {"Nsight Systems", Finding::State::kGood, *importer, ""};
  return {"Nsight Systems", Finding::State::kAbsent, "its importer was not found",
          "export --to nsys -o X.nvtxt still writes text for it; " + std::string(importer.status().message())};
}

int Examine(const Context& context) {
  std::vector<Finding> findings = ExamineMachine(Context::interrupted());
  if (Context::interrupted()) return kExitInterrupted;
  findings.push_back(Nsight());
  if (context.json) {
    nlohmann::ordered_json json = JsonHead();
    json["findings"] = nlohmann::ordered_json::array();
    for (const Finding& f : findings) {
      json["findings"].push_back({{"subject", f.subject}, {"state", Name(f.state)}, {"found", f.found}});
      json["findings"].back()["remedy"] =
          f.remedy.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(f.remedy);
    }
    PrintJson(json);
    return kExitOk;
  }
  for (const Finding& f : findings) {
    fmt::print("{:<8} {:<15} {}\n", Name(f.state), f.subject, Printable(f.found));
    if (!f.remedy.empty()) fmt::print("{:<24} {}\n", "", Printable(f.remedy));
  }
  return kExitOk;
}

}  // namespace

void AddDoctor(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb =
      program.add_subcommand("doctor", "What this machine offers and can enforce, and what to do about the rest");
  AddCommonFlags(*verb, context);
  verb->callback([&] { exit_code = Examine(context); });
}

}  // namespace stallpoint
