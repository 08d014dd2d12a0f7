#include "harness/record/definitions.h"

#include "harness/record/nvtx.h"

namespace stallpoint {
namespace {

constexpr size_t kMaxNames = 65'536;
constexpr size_t kMaxNameBytes = 1024;
constexpr std::string_view kFurtherNames = "(further names)";

}  // namespace

uint32_t Definitions::Stage(std::string_view name, trace::StageKind kind) {
  const std::lock_guard lock(mutex_);
  name = name.substr(0, kMaxNameBytes);
  if (names_.size() >= kMaxNames - 1 && !name_ids_.contains(name)) name = kFurtherNames;
  uint32_t id;
  if (const auto found = name_ids_.find(name); found != name_ids_.end()) {
    id = found->second;
    NamedStage& known = names_[id - 1];
    if (kind == trace::STAGE_KIND_UNSPECIFIED || kind == known.kind) return id;
    known.kind = kind;
    stages_changed_.store(true, std::memory_order_release);
  } else {
    names_.push_back({std::string(name), kind});
    id = static_cast<uint32_t>(names_.size());
    name_ids_.emplace(names_.back().name, id);
  }
  if (kind != trace::STAGE_KIND_UNSPECIFIED) nvtx::Name(id, names_[id - 1].name);
  return id;
}

uint32_t Definitions::Device(const trace::DeviceDefinition& device) {
  const std::lock_guard lock(mutex_);
  devices_.push_back(device);
  const uint32_t id = static_cast<uint32_t>(devices_.size());
  devices_.back().set_id(id);
  return id;
}

uint32_t Definitions::Series(std::string_view name, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  name = name.substr(0, kMaxNameBytes);
  if (const auto found = series_ids_.find(std::string(name)); found != series_ids_.end()) return found->second;
  if (series_.size() >= kMaxNames) return 0;
  trace::SeriesDefinition& series = series_.emplace_back();
  series.set_id(static_cast<uint32_t>(series_.size()));
  series.set_name(std::string(name));
  series.set_unit(std::string(unit.substr(0, kMaxNameBytes)));
  series_ids_.emplace(series.name(), series.id());
  return series.id();
}

void Definitions::BeginSegment() {
  names_written_.Clear();
  series_written_.Clear();
  devices_written_.Clear();
}

void Definitions::WriteName(uint32_t id, trace::Chunk* chunk) {
  const std::lock_guard lock(mutex_);
  if (stages_changed_.exchange(false, std::memory_order_relaxed)) names_written_.Clear();
  if (id == 0 || id > names_.size() || names_written_.Contains(id)) return;
  const NamedStage& named = names_[id - 1];
  trace::StringDefinition* string = chunk->add_strings();
  string->set_id(id);
  string->set_value(named.name);
  if (named.kind != trace::STAGE_KIND_UNSPECIFIED) {
    trace::StageDefinition* stage = chunk->add_stages();
    stage->set_name_id(id);
    stage->set_kind(named.kind);
  }
  names_written_.Add(id);
}

void Definitions::WriteSeries(uint32_t id, trace::Chunk* chunk) {
  const std::lock_guard lock(mutex_);
  if (id == 0 || id > series_.size()) return;
  *chunk->add_series() = series_[id - 1];
  series_written_.Add(id);
}

void Definitions::DefineDevice(uint32_t id, trace::Chunk* chunk) {
  const std::lock_guard lock(mutex_);
  if (id == 0 || id > devices_.size() || devices_written_.Contains(id)) return;
  *chunk->add_devices() = devices_[id - 1];
  devices_written_.Add(id);
}

}  // namespace stallpoint
