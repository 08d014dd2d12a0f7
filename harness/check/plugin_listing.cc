#include "harness/check/plugin_listing.h"

#include "absl/strings/str_cat.h"
#include "harness/check/ask_child.h"
#include "harness/host/plugin_search.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kLoadTimeoutNs = 30'000'000'000;

absl::StatusOr<run::Description> DescribeInChild(const std::string& file, const std::atomic<bool>& cancel) {
  run::ToChild question;
  question.mutable_describe()->set_file(file);
  const auto answer = AskChild(question, kLoadTimeoutNs, cancel);
  if (!answer.ok()) return answer.status();
  if (answer->message.has_description()) return answer->message.description();
  run::Description description;
  description.set_refused(answer->crash.empty()
                              ? absl::StrCat(file, ": loading it did not end within ", FormatTimeNs(kLoadTimeoutNs))
                              : absl::StrCat(file, ": the process that loaded it ", answer->crash));
  return description;
}

}  // namespace

absl::StatusOr<PluginListing> ListPlugins(const std::atomic<bool>& cancel) {
  auto folders = PluginFolders();
  if (!folders.ok()) return folders.status();
  PluginListing listing{.folders = *std::move(folders), .files = {}};
  for (const std::string& file : PluginFiles(listing.folders, "")) {
    auto description = DescribeInChild(file, cancel);
    if (!description.ok()) return description.status();
    listing.files.push_back({file, *std::move(description)});
  }
  return listing;
}

run::Description DescribeHere(const std::string& file) {
  run::Description description;
  const auto library = PluginLibrary::Load(file);
  if (!library.ok()) {
    description.set_refused(std::string(library.status().message()));
    return description;
  }
  for (const sp_descriptor* descriptor : library->descriptors()) {
    run::Description::Plugin& plugin = *description.add_plugins();
    plugin.set_id(descriptor->id);
    plugin.set_kind(descriptor->kind);
    plugin.set_version(descriptor->version);
    plugin.set_summary(descriptor->summary);
    for (const sp_option* option : OptionsOf(*descriptor)) {
      run::Description::Option& described = *plugin.add_options();
      described.set_key(option->key);
      described.set_default_value(option->default_value);
      described.set_help(option->help);
    }
  }
  return description;
}

}  // namespace stallpoint
