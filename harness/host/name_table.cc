#include "harness/host/name_table.h"

#include "harness/record/recorder.h"

namespace stallpoint {

uint32_t NameTable::Intern(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto found = ids_.find(std::string(name));
  if (found != ids_.end()) return found->second;
  if (next_ == kCapacity) return kCapacity - 1;
  const uint32_t id = next_++;
  ids_.emplace(name, id);
  entries_[id].name = name;
  if (recorder_ != nullptr) entries_[id].span.store(recorder_->Intern(name), std::memory_order_release);
  return id;
}

uint32_t NameTable::StageId(uint32_t id, trace::StageKind kind) {
  if (SpanId(id) == 0) return 0;
  Entry& entry = entries_[id];
  uint32_t stage = entry.stage.load(std::memory_order_acquire);
  if (stage != 0) return stage;
  stage = recorder_->Stage(entry.name, kind);
  entry.stage.store(stage, std::memory_order_release);
  return stage;
}

uint32_t NameTable::SeriesId(uint32_t id, std::string_view unit) {
  if (SpanId(id) == 0) return 0;
  Entry& entry = entries_[id];
  uint32_t series = entry.series.load(std::memory_order_acquire);
  if (series != 0) return series;
  series = recorder_->Series(entry.name, unit);
  entry.series.store(series, std::memory_order_release);
  return series;
}

}  // namespace stallpoint
