#include "harness/host/probe_host.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/record/clock.h"

namespace stallpoint {
namespace {

constexpr size_t kMostProbeNames = 4096;

}  // namespace

struct ProbeHost::Table {
  static ProbeHost& Of(void* self) { return *static_cast<ProbeHost*>(self); }

  static void Log(void* self, int32_t severity, const char* text) {
    if (text != nullptr) Of(self).Say(severity, text);
  }

  static int64_t Now(void*) { return MonotonicNs(); }

  static int32_t Cancelled(void* self) { return Of(self).cancelled_.load(std::memory_order_relaxed) ? 1 : 0; }

  static uint32_t Intern(void* self, const char* name) {
    ProbeHost& host = Of(self);
    const std::lock_guard lock(host.mutex_);
    const std::string text = name != nullptr ? name : "(null)";
    if (const auto found = host.ids_.find(text); found != host.ids_.end()) return found->second;
    if (host.names_.size() == kMostProbeNames) return kMostProbeNames;
    host.names_.push_back(text);
    return host.ids_[text] = static_cast<uint32_t>(host.names_.size());
  }

  // A probe's thread is no track of the trace: there is nothing for a range to be part of.
  static void BeginNothing(void*, uint32_t) {}
  static void EndStage(void*, uint64_t) {}
  static void EndSpan(void*) {}
  static void Span(void*, uint32_t, int64_t, int64_t) {}
  static void Mark(void*, void*, int32_t) {}

  static void Counter(void* self, uint32_t name_id, double value) { Of(self).Counter(name_id, value); }

  static void* Alloc(void*, uint64_t bytes, int32_t) { return malloc(std::max<uint64_t>(1, bytes)); }
  static void Free(void*, void* memory) { free(memory); }

  static const char* Option(void* self, const char* key) {
    if (key == nullptr) return nullptr;
    const auto found = Of(self).options_.find(key);
    return found == Of(self).options_.end() ? nullptr : found->second.c_str();
  }

  static const void* GetExtension(void*, const char*) { return nullptr; }
};

ProbeHost::ProbeHost(std::map<std::string, std::string> options, ProbeOutlet& outlet)
    : options_(std::move(options)),
      table_{.struct_size = sizeof(sp_host),
             .reserved = 0,
             .self = this,
             .enabled = &enabled_,
             .log = Table::Log,
             .now_ns = Table::Now,
             .cancelled = Table::Cancelled,
             .intern = Table::Intern,
             .stage_begin = Table::BeginNothing,
             .stage_end = Table::EndStage,
             .span_begin = Table::BeginNothing,
             .span_end = Table::EndSpan,
             .span = Table::Span,
             .device_mark = Table::Mark,
             .counter = Table::Counter,
             .alloc = Table::Alloc,
             .free = Table::Free,
             .option = Table::Option,
             .get_extension = Table::GetExtension},
      outlet_(&outlet) {}

void ProbeHost::Declare(const std::vector<ProbeSeries>& series) {
  const std::lock_guard lock(mutex_);
  series_ = series;
  emitted_.assign(series.size(), false);
  if (outlet_ != nullptr) outlet_->Declare(series);
}

void ProbeHost::BeginPoll() {
  const std::lock_guard lock(mutex_);
  emitted_.assign(emitted_.size(), false);
}

absl::Status ProbeHost::Check() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void ProbeHost::Say(int32_t severity, std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (outlet_ != nullptr) outlet_->Log(severity, text);
}

void ProbeHost::Detach() {
  const std::lock_guard lock(mutex_);
  outlet_ = nullptr;
}

void ProbeHost::Counter(uint32_t name_id, double value) {
  const std::lock_guard lock(mutex_);
  const std::string name = name_id > 0 && name_id <= names_.size() ? names_[name_id - 1] : absl::StrCat("#", name_id);
  const auto series =
      std::find_if(series_.begin(), series_.end(), [&](const ProbeSeries& one) { return one.name == name; });
  const auto place = static_cast<size_t>(series - series_.begin());
  if (series == series_.end()) {
    broken_ = absl::InvalidArgumentError(absl::StrCat("it emitted the series '", name, "', which it did not declare"));
  } else if (emitted_[place]) {
    broken_ = absl::InvalidArgumentError(absl::StrCat("it emitted the series '", name, "' twice in one poll"));
  } else {
    emitted_[place] = true;
    if (outlet_ != nullptr) outlet_->Counter(place, value);
  }
}

}  // namespace stallpoint
