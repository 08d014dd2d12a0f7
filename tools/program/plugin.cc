// stallpoint plugin list: the workloads and probes that can be named by id.
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "harness/host/plugin_search.h"
#include "tools/program/context.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"

namespace stallpoint {
namespace {

int List(bool why, const Context& context) {
  const PluginListing listing = ListPlugins();
  if (context.json) {
    nlohmann::ordered_json json = JsonHead();
    json["plugins"] = nlohmann::ordered_json::array();
    for (const PluginInfo& plugin : listing.plugins) {
      nlohmann::ordered_json options = nlohmann::ordered_json::array();
      for (const PluginOption& option : plugin.options) {
        options.push_back({{"key", option.key}, {"default", option.default_value}, {"help", option.help}});
      }
      json["plugins"].push_back({{"id", plugin.id}, {"kind", plugin.kind}, {"summary", plugin.summary},
                                 {"version", plugin.version}, {"file", plugin.file}, {"options", options}});
    }
    json["rejected"] = nlohmann::ordered_json::array();
    for (const RejectedPlugin& rejected : listing.rejected) {
      json["rejected"].push_back({{"file", rejected.file}, {"reason", rejected.reason}});
    }
    PrintJson(json);
    return kExitOk;
  }
  for (const PluginInfo& plugin : listing.plugins) {
    fmt::print("{} ({} {}): {}\n  {}\n", Printable(plugin.id), plugin.kind, Printable(plugin.version),
               Printable(plugin.summary), Printable(plugin.file));
    Table options({"--set", "default", ""});
    for (const PluginOption& option : plugin.options) {
      options.Add({Printable(option.key), Printable(option.default_value), Printable(option.help)});
    }
    fmt::print("{}", options.Render("    "));
  }
  if (listing.plugins.empty()) fmt::print("no plugin found in {}\n", Printable(fmt::format("{}", fmt::join(listing.searched, ", "))));
  if (why) {
    for (const RejectedPlugin& rejected : listing.rejected) {
      fmt::print("rejected {}: {}\n", Printable(rejected.file), Printable(rejected.reason));
    }
  } else if (!listing.rejected.empty() && !context.quiet) {
    fmt::print(stderr, "note: {} files were rejected; --why says why\n", listing.rejected.size());
  }
  return kExitOk;
}

}  // namespace

void AddPlugin(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("plugin", "Workloads and probes");
  verb->require_subcommand(1);
  CLI::App* list = verb->add_subcommand("list", "What can be named by id, with its --set options");
  auto why = std::make_shared<bool>(false);
  list->add_flag("--why", *why, "Name every rejected file with the reason");
  AddCommonFlags(*list, context);
  list->callback([=, &context, &exit_code] { exit_code = List(*why, context); });
}

}  // namespace stallpoint
