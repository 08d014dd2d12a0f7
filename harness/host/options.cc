#include "harness/host/options.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/host/nearest_name.h"
#include "harness/host/plugin_library.h"

namespace stallpoint {
namespace {

std::vector<std::string> LegalKeys(const sp_descriptor& descriptor, std::vector<std::string> keys) {
  for (const sp_option* option : OptionsOf(descriptor)) keys.emplace_back(option->key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

absl::Status CheckKeys(const std::map<std::string, std::string>& options, const std::vector<std::string>& legal,
                       const std::string& id, const std::string& prefix) {
  for (const auto& [key, value] : options) {
    if (std::binary_search(legal.begin(), legal.end(), key)) continue;
    const std::string nearest = NearestName(key, legal);
    return absl::InvalidArgumentError(absl::StrCat(
        "--set ", prefix, key, "=", value, ": '", id, "' has no option '", key, "'",
        nearest.empty() ? "" : absl::StrCat("; did you mean '", prefix, nearest, "'?"), " It has ",
        legal.empty() ? "none" : absl::StrJoin(legal, ", "), ".",
        prefix.empty() && absl::StrContains(key, '.') ? " PROBE.KEY is an option of a probe that observes the "
                                                        "run: name it with --probe."
                                                      : ""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOptions(const std::map<std::string, std::string>& options, const sp_descriptor& descriptor) {
  return CheckKeys(options, LegalKeys(descriptor, {"on_bad_sample"}), descriptor.id, "");
}

absl::Status CheckProbeOptions(const std::map<std::string, std::string>& options, const sp_descriptor& descriptor,
                               const std::string& prefix) {
  return CheckKeys(options, LegalKeys(descriptor, {}), descriptor.id, prefix);
}

absl::StatusOr<EngineOptions> ParseEngineOptions(const std::map<std::string, std::string>& options) {
  EngineOptions parsed;
  if (auto it = options.find("on_bad_sample"); it != options.end()) {
    if (it->second != "skip" && it->second != "fail") {
      return absl::InvalidArgumentError(
          absl::StrCat("--set on_bad_sample=", it->second, ": expected skip or fail (the default)"));
    }
    parsed.skip_bad_samples = it->second == "skip";
  }
  if (auto it = options.find("sync_each_step"); it != options.end()) {
    if (it->second != "0" && it->second != "1") {
      return absl::InvalidArgumentError(
          absl::StrCat("--set sync_each_step=", it->second, ": expected 0 (the default) or 1"));
    }
    parsed.sync_each_step = it->second == "1";
  }
  return parsed;
}

}  // namespace stallpoint
