#include "harness/check/plugin_check.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/check/ask_child.h"
#include "harness/check/check_messages.h"
#include "harness/host/nearest_name.h"
#include "harness/host/plugin_search.h"
#include "traces/units.h"

namespace stallpoint {
const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kCrash:
      return "crash";
    case Verdict::kSkip:
      return "skip";
    case Verdict::kWarn:
      return "warn";
  }
  return "?";
}

std::vector<std::string> CheckNames() {
  std::vector<std::string> names;
  for (const Check& check : AllChecks()) names.emplace_back(check.name);
  return names;
}

absl::StatusOr<std::vector<CheckReport>> CheckPlugin(const CheckTarget& target, int64_t timeout_ns,
                                                     const std::function<void(const CheckReport&)>& on_report,
                                                     const std::atomic<bool>& cancel) {
  CheckTarget absolute = target;
  std::error_code error;
  if (IsPluginPath(target.plugin)) absolute.plugin = std::filesystem::absolute(target.plugin, error).string();
  if (!target.data_dir.empty()) absolute.data_dir = std::filesystem::absolute(target.data_dir, error).string();
  if (error) return absl::ErrnoToStatus(error.value(), "the working directory");

  const std::vector<std::string> names = CheckNames();
  if (!target.only.empty() && std::find(names.begin(), names.end(), target.only) == names.end()) {
    const std::string nearest = NearestName(target.only, names);
    return absl::InvalidArgumentError(absl::StrCat("--only ", target.only, ": there is no such check;",
                                                   nearest.empty() ? "" : absl::StrCat(" did you mean ", nearest, "?"),
                                                   " there are ", absl::StrJoin(names, ", "), "."));
  }

  std::vector<CheckReport> reports;
  uint32_t kinds = kOfWorkloads | kOfProbes;
  for (const Check& check : AllChecks()) {
    if (!reports.empty() && !target.only.empty() && target.only != check.name) continue;
    if ((check.kinds & kinds) == 0) {
      if (target.only != check.name) continue;
      reports.push_back({check.name, Verdict::kSkip,
                         absl::StrCat("a check of ", check.kinds == kOfProbes ? "probes" : "workloads", " alone")});
      if (on_report) on_report(reports.back());
      continue;
    }
    run::ToChild question;
    *question.mutable_check() = ToProto(check.name, absolute);
    const auto answer = AskChild(question, timeout_ns, cancel);
    if (!answer.ok()) return answer.status();
    CheckResult result = {Verdict::kFail, absl::StrCat("did not end within ", FormatTimeNs(timeout_ns))};
    if (answer->message.has_check()) result = FromProto(answer->message.check());
    if (!answer->crash.empty()) result = {Verdict::kCrash, absl::StrCat("the process ", answer->crash)};
    reports.push_back({check.name, result.verdict, result.sentence});
    if (on_report) on_report(reports.back());
    const bool loaded = reports.front().verdict == Verdict::kPass;
    if (!loaded) break;
    if (reports.size() == 1) kinds = 1u << static_cast<uint32_t>(result.kind);
  }
  return reports;
}

}  // namespace stallpoint
