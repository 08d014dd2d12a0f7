#include "harness/check/check_messages.h"

#include "absl/strings/str_cat.h"

namespace stallpoint {

run::Check ToProto(const std::string& check, const CheckTarget& target) {
  run::Check message;
  message.set_name(check);
  message.set_plugin(target.plugin);
  for (const auto& [key, value] : target.options) {
    run::Option& option = *message.add_options();
    option.set_key(key);
    option.set_value(value);
  }
  message.set_data_dir(target.data_dir);
  return message;
}

run::CheckResult ToProto(const CheckResult& result) {
  run::CheckResult message;
  message.set_verdict(static_cast<int32_t>(result.verdict));
  message.set_sentence(result.sentence);
  message.set_kind(result.kind);
  return message;
}

CheckResult FromProto(const run::CheckResult& result) {
  const bool known = result.verdict() >= 0 && result.verdict() <= static_cast<int32_t>(Verdict::kWarn);
  return {known ? static_cast<Verdict>(result.verdict()) : Verdict::kFail, result.sentence(), result.kind()};
}

CheckResult RunCheck(const run::Check& check) {
  CheckTarget target{.plugin = check.plugin(), .options = {}, .data_dir = check.data_dir(), .only = ""};
  for (const run::Option& option : check.options()) target.options[option.key()] = option.value();
  for (const Check& known : AllChecks()) {
    if (known.name == check.name()) return known.run(target);
  }
  return {Verdict::kFail, absl::StrCat("there is no check '", check.name(), "'")};
}

}  // namespace stallpoint
