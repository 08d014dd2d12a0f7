#include "harness/host/probe.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "harness/host/plugin_call.h"

namespace stallpoint {
namespace {

constexpr int64_t kMostSeries = 1024;
constexpr size_t kLongestSeriesName = 64, kLongestUnit = 16;
// Sizes in version 1.0 of the ABI.
constexpr uint32_t kProbeSize = 96, kSeriesSize = 24;

// Reads no more of `text` than it may hold.
bool IsSeriesName(const char* text) {
  if (text == nullptr || !absl::ascii_islower(text[0])) return false;
  for (size_t i = 1; i <= kLongestSeriesName; ++i) {
    if (text[i] == '\0') return true;
    if (!absl::ascii_islower(text[i]) && !absl::ascii_isdigit(text[i]) && text[i] != '_') return false;
  }
  return false;
}

bool IsUnit(const char* text) {
  if (text == nullptr) return false;
  for (size_t i = 0; i <= kLongestUnit; ++i) {
    if (text[i] == '\0') return i > 0;
    if (!absl::ascii_isgraph(text[i])) return false;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<ProbeSeries>> CheckProbeTable(const std::string& id, const sp_probe& table) {
  if (table.struct_size < kProbeSize) {
    return absl::FailedPreconditionError(absl::StrCat("probe '", id, "' has struct_size ", table.struct_size,
                                                      ", expected at least ", kProbeSize,
                                                      "; rebuild the plugin against this stallpoint's headers"));
  }
  const std::pair<const char*, bool> required[] = {{"start", table.start != nullptr},
                                                   {"stop", table.stop != nullptr},
                                                   {"poll", table.poll != nullptr},
                                                   {"destroy", table.destroy != nullptr}};
  for (const auto& [name, present] : required) {
    if (!present) return absl::InvalidArgumentError(absl::StrCat("probe '", id, "' does not define ", name, "()"));
  }
  if (table.min_poll_ns < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("probe '", id, "' has min_poll_ns ", table.min_poll_ns, ", expected 0 or more"));
  }
  if (table.series_count < 0 || table.series_count > kMostSeries ||
      (table.series_count > 0 && (table.series == nullptr || table.series_stride < kSeriesSize))) {
    return absl::InvalidArgumentError(absl::StrCat("probe '", id, "' has ", table.series_count, " series ",
                                                   table.series_stride, " bytes apart, expected 0 to ", kMostSeries,
                                                   ", at least ", kSeriesSize, " bytes apart"));
  }
  std::vector<ProbeSeries> all;
  std::set<std::string> names;
  const char* at = reinterpret_cast<const char*>(table.series);
  for (int64_t i = 0; i < table.series_count; ++i, at += table.series_stride) {
    const auto& one = *reinterpret_cast<const sp_series*>(at);
    const std::string what = absl::StrCat("series ", i, " of probe '", id, "'");
    if (one.struct_size < kSeriesSize) {
      return absl::FailedPreconditionError(
          absl::StrCat(what, " has struct_size ", one.struct_size, ", expected at least ", kSeriesSize));
    }
    if (!IsSeriesName(one.name)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has no legal name, expected a letter a-z, then at most ",
                                                     kLongestSeriesName - 1, " of a-z, 0-9 and _"));
    }
    if (!IsUnit(one.unit)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " ('", one.name, "') has no legal unit, expected 1 to ",
                                                     kLongestUnit, " visible characters, such as bytes or 1/s"));
    }
    if (!names.insert(one.name).second) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has the name '", one.name, "', as one before it"));
    }
    all.push_back({one.name, one.unit});
  }
  return all;
}

absl::StatusOr<std::unique_ptr<Probe>> Probe::Create(const FoundPlugin& plugin, ProbeHost& host) {
  const char* id = plugin.descriptor->id;
  sp_probe table = {};
  table.struct_size = sizeof(table);
  const absl::Status created = CallPlugin("create_probe", [&](sp_error* error) {
    return plugin.library.entry().create_probe(id, host.table(), &table, error);
  });
  if (!created.ok()) return created;
  auto series = CheckProbeTable(id, table);
  if (!series.ok()) {
    const bool whole = table.struct_size >= kProbeSize && table.destroy != nullptr;
    if (whole) CallPluginQuietly([&] { table.destroy(table.self); });
    return series.status();
  }
  std::unique_ptr<Probe> probe(new Probe(table, host));
  probe->series_ = *std::move(series);
  host.Declare(probe->series_);
  return probe;
}

Probe::~Probe() {
  Stop();
  CallPluginQuietly([this] { table_.destroy(table_.self); });
}

absl::Status Probe::Start() {
  const absl::Status begun = CallPlugin("start", [&](sp_error* error) { return table_.start(table_.self, error); });
  started_ = begun.ok();
  return begun;
}

absl::Status Probe::Poll(int64_t now_ns) {
  host_.BeginPoll();
  const absl::Status polled =
      CallPlugin("poll", [&](sp_error* error) { return table_.poll(table_.self, now_ns, error); });
  return polled.ok() ? host_.Check() : polled;
}

void Probe::Stop() {
  if (started_) StopAgain();
  started_ = false;
}

void Probe::StopAgain() {
  CallPluginQuietly([this] { table_.stop(table_.self); });
}

}  // namespace stallpoint
