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
#include "harness/host/plugin_search.h"

namespace stallpoint {
namespace {

constexpr char kNoSuchId[] = "no_plugin_has_this_id";

sp_error NoError() {
  sp_error error = {};
  error.struct_size = sizeof(error);
  return error;
}

// A host with nothing behind it but memory.
struct BareHost {
  explicit BareHost(const CheckTarget& target) : options(target.options) {}

  const std::map<std::string, std::string> options;
  std::atomic<bool> cancelled{false};
  MemoryPool memory{0};
  HostServices services{nullptr, memory, options, cancelled};
};

// A workload's table with guarded room behind it, and what the plugin made of it.
struct GuardedTable {
  static constexpr size_t kGuard = 256;
  static constexpr std::byte kUntouched{0xA5};

  explicit GuardedTable(uint32_t told_size) : told(told_size) {
    std::fill(std::begin(bytes), std::end(bytes), kUntouched);
    std::memset(bytes, 0, std::min<size_t>(told, sizeof(sp_workload)));
    table().struct_size = told;
  }
  sp_workload& table() { return *reinterpret_cast<sp_workload*>(bytes); }
  bool overrun() const {
    return std::any_of(bytes + told, std::end(bytes), [](std::byte b) { return b != kUntouched; });
  }

  const uint32_t told;
  alignas(sp_workload) std::byte bytes[sizeof(sp_workload) + kGuard];
};

struct Answer {
  sp_code code;
  sp_error error;
};

absl::StatusOr<Answer> AskForUnknownId(const CheckTarget& target) {
  const auto plugin = FindWorkload(target.plugin);
  if (!plugin.ok()) return plugin.status();
  BareHost host(target);
  sp_workload table = {};
  table.struct_size = sizeof(table);
  Answer answer = {SP_OK, NoError()};
  answer.code = plugin->library.entry().create_workload(kNoSuchId, host.services.table(), &table, &answer.error);
  return answer;
}

// Destroys what was created, when the table reaches so far.
void Destroy(sp_workload& table) {
  if (SP_HAS(sp_workload, &table, destroy) && table.destroy != nullptr) table.destroy(table.self);
}

}  // namespace

CheckResult CheckLoads(const CheckTarget& target) {
  const auto plugin = FindWorkload(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  std::vector<std::string> ids;
  for (const sp_descriptor* descriptor : plugin->library.descriptors()) ids.emplace_back(descriptor->id);
  return {Verdict::kPass, absl::StrCat("holds ", absl::StrJoin(ids, ", "), "; '", plugin->descriptor->id,
                                       "' is checked, with ", plugin->descriptor->option_count, " options")};
}

CheckResult CheckUnknownId(const CheckTarget& target) {
  const auto answer = AskForUnknownId(target);
  if (!answer.ok()) return Failed(answer.status());
  if (answer->code == SP_OK) {
    return {Verdict::kFail, absl::StrCat("create_workload(\"", kNoSuchId, "\") made a workload")};
  }
  if (answer->code != SP_NOT_FOUND) {
    return {Verdict::kWarn, absl::StrCat("create_workload of an unknown id returns code ", answer->code, ", expected ",
                                         SP_NOT_FOUND, " (SP_NOT_FOUND)")};
  }
  return {Verdict::kPass, "create_workload of an unknown id returns SP_NOT_FOUND"};
}

CheckResult CheckErrorMessage(const CheckTarget& target) {
  const auto answer = AskForUnknownId(target);
  if (!answer.ok()) return Failed(answer.status());
  if (answer->code == SP_OK) return {Verdict::kSkip, "an unknown id is no error to this plugin"};
  const char* message = answer->error.message;
  const char* end = std::find(message, message + SP_ERROR_MESSAGE_SIZE, '\0');
  if (end == message + SP_ERROR_MESSAGE_SIZE) return {Verdict::kFail, "the message of an error has no end"};
  if (end == message) return {Verdict::kFail, "an error has no message; users see only its code"};
  return {Verdict::kPass, absl::StrCat("an error says: ", message)};
}

CheckResult CheckOlderHost(const CheckTarget& target) {
  const auto plugin = FindWorkload(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  BareHost host(target);
  sp_host older = *host.services.table();
  older.struct_size = offsetof(sp_host, get_extension);
  older.get_extension = nullptr;
  GuardedTable out(offsetof(sp_workload, get_extension));
  sp_error error = NoError();
  const sp_code code = plugin->library.entry().create_workload(plugin->descriptor->id, &older, &out.table(), &error);
  if (out.overrun()) {
    return {Verdict::kFail, absl::StrCat("create_workload wrote behind the ", out.told,
                                         " bytes it was given room for; copy min(struct_size, sizeof) bytes")};
  }
  if (code == SP_OK) return {Verdict::kPass, "a host that lacks the last fields is served"};
  if (error.message[0] == '\0') return {Verdict::kFail, "a host that lacks the last fields is refused without a word"};
  return {Verdict::kPass, absl::StrCat("a host that lacks the last fields is refused: ", error.message)};
}

CheckResult CheckNewerHost(const CheckTarget& target) {
  const auto plugin = FindWorkload(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  BareHost host(target);
  struct {
    sp_host known;
    uint64_t later[8];
  } newer = {*host.services.table(), {}};
  newer.known.struct_size = sizeof(newer);
  GuardedTable out(sizeof(sp_workload) + GuardedTable::kGuard / 2);
  sp_error error = NoError();
  const sp_code code =
      plugin->library.entry().create_workload(plugin->descriptor->id, &newer.known, &out.table(), &error);
  if (out.overrun()) {
    return {Verdict::kFail,
            absl::StrCat("create_workload wrote behind the ", out.told, " bytes it was given room for")};
  }
  if (code != SP_OK) {
    return {Verdict::kFail, absl::StrCat("a host with fields of a later version is refused: ", error.message,
                                         "; use what is known of it")};
  }
  const uint32_t size = out.table().struct_size;
  Destroy(out.table());
  if (size < sizeof(sp_workload) || size > out.told) {
    return {Verdict::kFail,
            absl::StrCat("the table says it has ", size, " bytes, expected the plugin's own ", sizeof(sp_workload))};
  }
  return {Verdict::kPass, "a host with fields of a later version is served"};
}

}  // namespace stallpoint
