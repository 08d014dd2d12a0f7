#include "harness/host/host_services.h"

#include <algorithm>
#include <utility>

#include "harness/host/thread_place.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"

namespace stallpoint {
namespace {

constexpr size_t kMostWarnings = 100;
constexpr size_t kLongestWarning = 1000;

const char* MarkName(int32_t mark) {
  switch (mark) {
    case SP_MARK_FORWARD:
      return "forward";
    case SP_MARK_BACKWARD:
      return "backward";
    case SP_MARK_OPTIMIZER:
      return "optimizer";
    default:
      return nullptr;
  }
}

}  // namespace

struct HostServices::Table {
  static HostServices& Of(void* self) { return *static_cast<HostServices*>(self); }

  static void Log(void* self, int32_t level, const char* message) {
    if (message != nullptr) Of(self).Log(level, message);
  }

  static int64_t Now(void*) { return MonotonicNs(); }

  static int32_t Cancelled(void* self) { return Of(self).cancelled_.load(std::memory_order_relaxed) ? 1 : 0; }

  static uint32_t Intern(void* self, const char* name) {
    return Of(self).names_.Intern(name != nullptr ? name : "(null)");
  }

  static void StageBegin(void* self, uint32_t name_id) {
    if (ThreadLog::Current() == nullptr) return;
    BeginStage(Of(self).names_.StageId(name_id, ThreadPlace::Current().stage_kind));
  }

  static void StageEnd(void*, uint64_t bytes) { EndStage(bytes); }

  static void SpanBegin(void* self, uint32_t name_id) {
    if (ThreadLog::Current() == nullptr) return;
    ThreadPlace& place = ThreadPlace::Current();
    const uint32_t depth = place.range_depth++;
    if (depth >= ThreadPlace::kMostRanges) return;
    place.range_names[depth] = Of(self).names_.SpanId(name_id);
    place.range_begins[depth] = Ticks();
  }

  static void SpanEnd(void*) {
    ThreadLog* log = ThreadLog::Current();
    if (log == nullptr) return;
    ThreadPlace& place = ThreadPlace::Current();
    if (place.range_depth == 0) return;
    const uint32_t depth = --place.range_depth;
    if (depth >= ThreadPlace::kMostRanges) return;
    log->Span(place.range_names[depth], place.range_begins[depth], Ticks(), place.batch);
  }

  static void Span(void* self, uint32_t name_id, int64_t begin_ns, int64_t end_ns) {
    ThreadLog* log = ThreadLog::Current();
    if (log == nullptr) return;
    log->Span(Of(self).names_.SpanId(name_id), TicksAtMonotonic(begin_ns), TicksAtMonotonic(end_ns),
              ThreadPlace::Current().batch);
  }

  // Unless the device places marks, the calling thread is the stream, and a part begins when it is marked.
  static void DeviceMark(void* self, void*, int32_t mark) {
    // All gradients are there, and what the batch needed is gone.
    if (DeviceMemory* memory = Of(self).device_memory(); memory != nullptr && mark == SP_MARK_OPTIMIZER) {
      memory->NoteKept();
    }
    ThreadLog* log = ThreadLog::Current();
    if (log == nullptr) return;
    NameTable& names = Of(self).names_;
    const char* name = MarkName(mark);
    const uint32_t part = name != nullptr ? names.StageId(names.Intern(name), trace::STAGE_KIND_STEP_PART) : 0;
    if (Of(self).place_mark_) return Of(self).place_mark_(part);
    ThreadPlace& place = ThreadPlace::Current();
    const uint64_t now = Ticks();
    place.EndStepPart(*log, now);
    place.step_part = part;
    place.step_part_begin = now;
  }

  static void Counter(void* self, uint32_t name_id, double value) {
    Recorder* recorder = Of(self).recorder_;
    if (recorder == nullptr) return;
    const uint32_t series = Of(self).names_.SeriesId(name_id);
    if (series == 0) return;
    if (ThreadLog* log = ThreadLog::Current(); log != nullptr) {
      log->Counter(series, value);
    } else {
      recorder->Counter(series, value);
    }
  }

  // One pool, page-locked or not: the device that needs page-locked memory copies through its own.
  static void* Alloc(void* self, uint64_t bytes, int32_t) {
    HostServices& host = Of(self);
    const MemoryPool::Block block = host.memory_.Acquire(bytes);
    if (block.data == nullptr) return nullptr;
    std::lock_guard lock(host.mutex_);
    host.allocations_[block.data] = block;
    return block.data;
  }

  static void Free(void* self, void* memory) {
    if (memory == nullptr) return;
    HostServices& host = Of(self);
    MemoryPool::Block block;
    {
      std::lock_guard lock(host.mutex_);
      const auto found = host.allocations_.find(memory);
      if (found == host.allocations_.end()) return;
      block = found->second;
      host.allocations_.erase(found);
    }
    host.memory_.Release(block);
  }

  static const char* Option(void* self, const char* key) {
    if (key == nullptr) return nullptr;
    const auto& options = Of(self).options_;
    const auto found = options.find(key);
    return found == options.end() ? nullptr : found->second.c_str();
  }

  static void AllocationChanged(void* self, uint32_t name_id, const void* address, int64_t bytes, uint64_t held_bytes) {
    HostServices& host = Of(self);
    host.allocation_log_->Add(host.names_.SpanId(name_id), address, bytes, held_bytes);
  }

  static const void* GetExtension(void* self, const char* id) {
    HostServices& host = Of(self);
    const std::string_view wanted = id != nullptr ? id : "";
    DeviceMemory* memory = host.device_memory_;
    if (memory != nullptr) return wanted == SP_EXTENSION_DEVICE_MEMORY ? memory->table() : nullptr;
    const bool logs = host.allocation_log_ != nullptr && host.allocation_log_->open();
    return logs && wanted == SP_EXTENSION_DEVICE_ALLOCATIONS ? &host.allocations_table_ : nullptr;
  }
};

HostServices::HostServices(Recorder* recorder, MemoryPool& memory, const std::map<std::string, std::string>& options,
                           const std::atomic<bool>& cancelled, DeviceMemory* device_memory, AllocationLog* allocations)
    : recorder_(recorder),
      memory_(memory),
      options_(options),
      cancelled_(cancelled),
      device_memory_(device_memory),
      allocation_log_(allocations),
      enabled_(recorder != nullptr ? 1 : 0),
      names_(recorder),
      table_{.struct_size = sizeof(sp_host),
             .reserved = 0,
             .self = this,
             .enabled = &enabled_,
             .log = Table::Log,
             .now_ns = Table::Now,
             .cancelled = Table::Cancelled,
             .intern = Table::Intern,
             .stage_begin = Table::StageBegin,
             .stage_end = Table::StageEnd,
             .span_begin = Table::SpanBegin,
             .span_end = Table::SpanEnd,
             .span = Table::Span,
             .device_mark = Table::DeviceMark,
             .counter = Table::Counter,
             .alloc = Table::Alloc,
             .free = Table::Free,
             .option = Table::Option,
             .get_extension = Table::GetExtension},
      allocations_table_{sizeof(sp_device_allocations), 0, this, &Table::AllocationChanged} {}

HostServices::~HostServices() {
  for (const auto& [memory, block] : allocations_) memory_.Release(block);
}

void HostServices::Log(int32_t severity, std::string_view text) {
  const int32_t known = std::clamp<int32_t>(severity, SP_LOG_INFO, SP_LOG_ERROR);
  if (recorder_ != nullptr) recorder_->Log(known, text);
  if (known == SP_LOG_INFO) return;
  const std::string_view warning = text.substr(0, kLongestWarning);
  std::lock_guard lock(mutex_);
  if (warnings_.size() >= kMostWarnings || !warned_.emplace(warning).second) return;
  warnings_.emplace_back(warning);
}

std::vector<std::string> HostServices::TakeWarnings() {
  std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

}  // namespace stallpoint
