// stallpoint plugin: the workloads and probes that can be named by id, and tools for their authors.
#include <memory>
#include <string>

#include "fmt/format.h"
#include "harness/check/plugin_listing.h"
#include "harness/run/run_exit.h"
#include "stallpoint/abi/entry.h"
#include "tools/program/context.h"
#include "tools/program/plugin_check.h"
#include "tools/program/plugin_new.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"

namespace stallpoint {
namespace {

const char* KindName(int32_t kind) { return kind == SP_KIND_PROBE ? "probe" : "workload"; }

nlohmann::ordered_json ListingJson(const PluginListing& listing) {
  nlohmann::ordered_json json = JsonHead();
  json["plugins"] = nlohmann::ordered_json::array();
  json["rejected"] = nlohmann::ordered_json::array();
  for (const auto& [file, description] : listing.files) {
    if (!description.refused().empty()) json["rejected"].push_back({{"file", file}, {"reason", description.refused()}});
    for (const run::Description::Plugin& plugin : description.plugins()) {
      nlohmann::ordered_json options = nlohmann::ordered_json::array();
      for (const auto& option : plugin.options()) {
        options.push_back({{"key", option.key()}, {"default", option.default_value()}, {"help", option.help()}});
      }
      json["plugins"].push_back({{"id", plugin.id()},
                                 {"kind", KindName(plugin.kind())},
                                 {"version", plugin.version()},
                                 {"summary", plugin.summary()},
                                 {"file", file},
                                 {"options", options}});
    }
  }
  return json;
}

void PrintPlugin(const run::Description::Plugin& plugin) {
  fmt::print("{} ({} {}): {}\n", Printable(plugin.id()), KindName(plugin.kind()), Printable(plugin.version()),
             Printable(plugin.summary()));
  Table options({"--set", "default", ""});
  const std::string prefix = plugin.kind() == SP_KIND_PROBE ? plugin.id() + "." : "";
  for (const auto& option : plugin.options()) {
    options.Add({Printable(prefix + option.key()), Printable(option.default_value()), Printable(option.help())});
  }
  fmt::print("{}", options.Render("    "));
}

int List(bool why, const Context& context) {
  const auto listing = ListPlugins(Context::interrupted());
  if (absl::IsCancelled(listing.status())) return kExitInterrupted;
  if (absl::IsFailedPrecondition(listing.status())) return Fail(listing.status(), kExitPlugin);
  if (!listing.ok()) return Fail(listing.status(), ExitCodeOf(listing.status()));
  if (context.json) {
    PrintJson(ListingJson(*listing));
    return kExitOk;
  }
  size_t found = 0, rejected = 0;
  for (const auto& [file, description] : listing->files) {
    for (const run::Description::Plugin& plugin : description.plugins()) PrintPlugin(plugin);
    found += static_cast<size_t>(description.plugins_size());
    rejected += description.refused().empty() ? 0 : 1;
  }
  if (found == 0)
    fmt::print("no plugin found in {}\n", Printable(fmt::format("{}", fmt::join(listing->folders, ", "))));
  for (const auto& [file, description] : listing->files) {
    if (why && !description.refused().empty()) fmt::print("rejected {}\n", Printable(description.refused()));
  }
  if (!why && rejected > 0 && !context.quiet) {
    fmt::print(stderr, "note: {} {} rejected; --why says why\n", rejected, rejected == 1 ? "file was" : "files were");
  }
  return kExitOk;
}

}  // namespace

void AddPlugin(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("plugin", "Workloads and probes: those there are, and yours");
  verb->require_subcommand(1);
  CLI::App* list = verb->add_subcommand("list", "What can be named by id, with its --set options");
  auto why = std::make_shared<bool>(false);
  list->add_flag("--why", *why, "Name every rejected file with the reason");
  AddCommonFlags(*list, context);
  list->callback([=, &context, &exit_code] { exit_code = List(*why, context); });
  AddPluginCheck(*verb, context, exit_code);
  AddPluginNew(*verb, context, exit_code);
}

}  // namespace stallpoint
