// Checks of the file and its tables: what crosses the boundary has the sizes that were agreed on.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/check/checks.h"
#include "harness/check/workload_at_work.h"
#include "harness/host/host_services.h"
#include "harness/host/plugin_call.h"
#include "harness/host/plugin_search.h"

namespace stallpoint {
namespace {

constexpr char kNoSuchId[] = "no_plugin_has_this_id";

// A host with nothing behind it but memory.
struct BareHost {
  explicit BareHost(const CheckTarget& target) : options(target.options) {}

  const std::map<std::string, std::string> options;
  std::atomic<bool> cancelled{false};
  MemoryPool memory{0};
  HostServices services{nullptr, memory, options, cancelled};
};

struct WorkloadKind {
  using Table = sp_workload;
  static constexpr char kName[] = "workload", kCreate[] = "create_workload";
  static sp_code Create(const sp_entry& entry, const char* id, const sp_host* host, Table* out, sp_error* error) {
    return entry.create_workload(id, host, out, error);
  }
};

struct ProbeKind {
  using Table = sp_probe;
  static constexpr char kName[] = "probe", kCreate[] = "create_probe";
  static sp_code Create(const sp_entry& entry, const char* id, const sp_host* host, Table* out, sp_error* error) {
    return entry.create_probe(id, host, out, error);
  }
};

// `check(kind, plugin)` for what the target names.
template <typename Check>
CheckResult WithPlugin(const CheckTarget& target, Check check) {
  const auto plugin = FindWorkloadOrProbe(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  if (plugin->descriptor->kind == SP_KIND_PROBE) return check(ProbeKind(), *plugin);
  return check(WorkloadKind(), *plugin);
}

// A table with guarded room behind it, and what the plugin made of it.
template <typename Table>
struct GuardedTable {
  static constexpr size_t kGuard = 256;
  static constexpr std::byte kUntouched{0xA5};

  explicit GuardedTable(uint32_t told_size) : told(told_size) {
    std::fill(std::begin(bytes), std::end(bytes), kUntouched);
    std::memset(bytes, 0, std::min<size_t>(told, sizeof(Table)));
    table().struct_size = told;
  }
  Table& table() { return *reinterpret_cast<Table*>(bytes); }
  bool overrun() const {
    return std::any_of(bytes + told, std::end(bytes), [](std::byte b) { return b != kUntouched; });
  }

  const uint32_t told;
  alignas(Table) std::byte bytes[sizeof(Table) + kGuard];
};

struct Answer {
  sp_code code;
  sp_error error;
};

template <typename Kind>
Answer AskForUnknownId(Kind, const FoundPlugin& plugin, const CheckTarget& target) {
  BareHost host(target);
  typename Kind::Table table = {};
  table.struct_size = sizeof(table);
  Answer answer = {SP_OK, NoPluginError()};
  answer.code = Kind::Create(plugin.library.entry(), kNoSuchId, host.services.table(), &table, &answer.error);
  return answer;
}

// Destroys what was created, when the table reaches so far.
template <typename Table>
void Destroy(Table& table) {
  if (SP_HAS(Table, &table, destroy) && table.destroy != nullptr) table.destroy(table.self);
}

// Why none is made here, whatever the host; empty: one is.
template <typename Kind>
std::string RefusalOfAny(Kind, const FoundPlugin& plugin, BareHost& host) {
  typename Kind::Table table = {};
  table.struct_size = sizeof(table);
  sp_error error = NoPluginError();
  const sp_code code =
      Kind::Create(plugin.library.entry(), plugin.descriptor->id, host.services.table(), &table, &error);
  if (code == SP_OK) Destroy(table);
  return std::string(ToStatus(code, error, Kind::kCreate).message());
}

}  // namespace

CheckResult CheckLoads(const CheckTarget& target) {
  const auto plugin = FindWorkloadOrProbe(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  std::vector<std::string> ids;
  for (const sp_descriptor* descriptor : plugin->library.descriptors()) ids.emplace_back(descriptor->id);
  return {Verdict::kPass,
          absl::StrCat("holds ", absl::StrJoin(ids, ", "), "; '", plugin->descriptor->id, "' is checked, with ",
                       plugin->descriptor->option_count, " options"),
          plugin->descriptor->kind};
}

CheckResult CheckUnknownId(const CheckTarget& target) {
  return WithPlugin(target, [&](auto kind, const FoundPlugin& plugin) -> CheckResult {
    const Answer answer = AskForUnknownId(kind, plugin, target);
    if (answer.code == SP_OK)
      return {Verdict::kFail, absl::StrCat(kind.kCreate, "(\"", kNoSuchId, "\") made a ", kind.kName)};
    if (answer.code != SP_NOT_FOUND) {
      return {Verdict::kWarn, absl::StrCat(kind.kCreate, " of an unknown id returns code ", answer.code, ", expected ",
                                           SP_NOT_FOUND, " (SP_NOT_FOUND)")};
    }
    return {Verdict::kPass, absl::StrCat(kind.kCreate, " of an unknown id returns SP_NOT_FOUND")};
  });
}

CheckResult CheckErrorMessage(const CheckTarget& target) {
  return WithPlugin(target, [&](auto kind, const FoundPlugin& plugin) -> CheckResult {
    const Answer answer = AskForUnknownId(kind, plugin, target);
    if (answer.code == SP_OK) return {Verdict::kSkip, "an unknown id is no error to this plugin"};
    const char* message = answer.error.message;
    const char* end = std::find(message, message + SP_ERROR_MESSAGE_SIZE, '\0');
    if (end == message + SP_ERROR_MESSAGE_SIZE) return {Verdict::kFail, "the message of an error has no end"};
    if (end == message) return {Verdict::kFail, "an error has no message; users see only its code"};
    return {Verdict::kPass, absl::StrCat("an error says: ", message)};
  });
}

CheckResult CheckOlderHost(const CheckTarget& target) {
  return WithPlugin(target, [&](auto kind, const FoundPlugin& plugin) -> CheckResult {
    using Table = typename decltype(kind)::Table;
    BareHost host(target);
    sp_host older = *host.services.table();
    older.struct_size = offsetof(sp_host, get_extension);
    older.get_extension = nullptr;
    GuardedTable<Table> out(offsetof(Table, get_extension));
    sp_error error = NoPluginError();
    const sp_code code = kind.Create(plugin.library.entry(), plugin.descriptor->id, &older, &out.table(), &error);
    if (out.overrun()) {
      return {Verdict::kFail, absl::StrCat(kind.kCreate, " wrote behind the ", out.told,
                                           " bytes it was given room for; copy min(struct_size, sizeof) bytes")};
    }
    if (code == SP_OK) return {Verdict::kPass, "a host that lacks the last fields is served"};
    if (error.message[0] == '\0')
      return {Verdict::kFail, "a host that lacks the last fields is refused without a word"};
    return {Verdict::kPass, absl::StrCat("a host that lacks the last fields is refused: ", error.message)};
  });
}

CheckResult CheckNewerHost(const CheckTarget& target) {
  return WithPlugin(target, [&](auto kind, const FoundPlugin& plugin) -> CheckResult {
    using Table = typename decltype(kind)::Table;
    BareHost host(target);
    if (const std::string why = RefusalOfAny(kind, plugin, host); !why.empty()) {
      return {Verdict::kSkip, absl::StrCat("any host is refused here: ", why)};
    }
    struct {
      sp_host known;
      uint64_t later[8];
    } newer = {*host.services.table(), {}};
    newer.known.struct_size = sizeof(newer);
    GuardedTable<Table> out(sizeof(Table) + GuardedTable<Table>::kGuard / 2);
    sp_error error = NoPluginError();
    const sp_code code = kind.Create(plugin.library.entry(), plugin.descriptor->id, &newer.known, &out.table(), &error);
    if (out.overrun()) {
      return {Verdict::kFail,
              absl::StrCat(kind.kCreate, " wrote behind the ", out.told, " bytes it was given room for")};
    }
    if (code != SP_OK) {
      return {Verdict::kFail, absl::StrCat("a host with fields of a later version is refused: ", error.message,
                                           "; use what is known of it")};
    }
    const uint32_t size = out.table().struct_size;
    Destroy(out.table());
    if (size < sizeof(Table) || size > out.told) {
      return {Verdict::kFail,
              absl::StrCat("the table says it has ", size, " bytes, expected the plugin's own ", sizeof(Table))};
    }
    return {Verdict::kPass, "a host with fields of a later version is served"};
  });
}

}  // namespace stallpoint
