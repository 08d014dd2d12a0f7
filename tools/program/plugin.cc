// stallpoint plugin list: the workloads and probes that can be named by id.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/host/plugin_library.h"
#include "harness/host/plugin_search.h"
#include "tools/program/context.h"
#include "tools/program/text.h"
#include "tools/program/verbs.h"

namespace stallpoint {
namespace {

struct Listing {
  std::vector<PluginLibrary> plugins;
  std::vector<std::pair<std::string, std::string>> rejected;  // file, reason
};

const char* KindName(int32_t kind) { return kind == SP_KIND_PROBE ? "probe" : "workload"; }

std::vector<const sp_option*> OptionsOf(const sp_descriptor& descriptor) {
  std::vector<const sp_option*> options;
  const char* at = reinterpret_cast<const char*>(descriptor.options);
  for (int64_t i = 0; i < descriptor.option_count; ++i, at += descriptor.option_stride) {
    options.push_back(reinterpret_cast<const sp_option*>(at));
  }
  return options;
}

nlohmann::ordered_json ListingJson(const Listing& listing) {
  nlohmann::ordered_json json = JsonHead();
  json["plugins"] = nlohmann::ordered_json::array();
  for (const PluginLibrary& library : listing.plugins) {
    for (const sp_descriptor* descriptor : library.descriptors()) {
      nlohmann::ordered_json options = nlohmann::ordered_json::array();
      for (const sp_option* option : OptionsOf(*descriptor)) {
        options.push_back({{"key", option->key}, {"default", option->default_value}, {"help", option->help}});
      }
      json["plugins"].push_back({{"id", descriptor->id},
                                 {"kind", KindName(descriptor->kind)},
                                 {"version", descriptor->version},
                                 {"summary", descriptor->summary},
                                 {"file", library.path()},
                                 {"options", options}});
    }
  }
  json["rejected"] = nlohmann::ordered_json::array();
  for (const auto& [file, reason] : listing.rejected) json["rejected"].push_back({{"file", file}, {"reason", reason}});
  return json;
}

void PrintListing(const Listing& listing) {
  for (const PluginLibrary& library : listing.plugins) {
    for (const sp_descriptor* descriptor : library.descriptors()) {
      fmt::print("{} ({} {}): {}\n", Printable(descriptor->id), KindName(descriptor->kind),
                 Printable(descriptor->version), Printable(descriptor->summary));
      Table options({"--set", "default", ""});
      for (const sp_option* option : OptionsOf(*descriptor)) {
        options.Add({Printable(option->key), Printable(option->default_value), Printable(option->help)});
      }
      fmt::print("{}", options.Render("    "));
    }
  }
}

int List(bool why, const Context& context) {
  const auto folders = PluginFolders();
  if (!folders.ok()) return Fail(folders.status(), kExitPlugin);
  Listing listing;
  for (const std::string& file : PluginFiles(*folders, "")) {
    auto library = PluginLibrary::Load(file);
    if (library.ok()) {
      listing.plugins.push_back(*std::move(library));
    } else {
      listing.rejected.emplace_back(file, std::string(library.status().message()));
    }
  }
  if (context.json) {
    PrintJson(ListingJson(listing));
    return kExitOk;
  }
  PrintListing(listing);
  if (listing.plugins.empty())
    fmt::print("no plugin found in {}\n", Printable(fmt::format("{}", fmt::join(*folders, ", "))));
  if (why) {
    for (const auto& [file, reason] : listing.rejected)
      fmt::print("rejected {}: {}\n", Printable(file), Printable(reason));
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
