#include "tests/plugins/fake_host.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace stallpoint::testing {
namespace {

int64_t ClockNs(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

struct OpenStage {
  uint32_t name_id = 0;
  int64_t cpu_ns = 0;
  int64_t wall_ns = 0;
};
thread_local OpenStage open_stage;

}  // namespace

FakeHost::FakeHost(std::map<std::string, std::string> options) : options_(std::move(options)) {
  table_.struct_size = sizeof(table_);
  table_.self = this;
  table_.enabled = &enabled_;
  table_.log = [](void* self, int32_t, const char* message) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).log_.emplace_back(message);
  };
  table_.now_ns = [](void*) { return ClockNs(CLOCK_MONOTONIC); };
  table_.cancelled = [](void* self) -> int32_t { return Of(self).cancelled_ ? 1 : 0; };
  table_.intern = [](void* self, const char* name) -> uint32_t {
    const std::lock_guard lock(Of(self).mutex_);
    auto& names = Of(self).names_;
    const auto place = std::find(names.begin(), names.end(), name) - names.begin();
    if (place == static_cast<std::ptrdiff_t>(names.size())) names.emplace_back(name);
    return static_cast<uint32_t>(place) + 1;
  };
  table_.stage_begin = [](void*, uint32_t name_id) {
    open_stage = {name_id, ClockNs(CLOCK_THREAD_CPUTIME_ID), ClockNs(CLOCK_MONOTONIC)};
  };
  table_.stage_end = [](void* self, uint64_t bytes) {
    const int64_t cpu_ns = ClockNs(CLOCK_THREAD_CPUTIME_ID) - open_stage.cpu_ns;
    const int64_t wall_ns = ClockNs(CLOCK_MONOTONIC) - open_stage.wall_ns;
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).stages_.push_back({Of(self).names_.at(open_stage.name_id - 1), bytes, cpu_ns, wall_ns});
  };
  table_.span_begin = [](void* self, uint32_t name_id) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).spans_.push_back(Of(self).names_.at(name_id - 1));
    ++Of(self).open_spans_;
  };
  table_.span_end = [](void* self) { --Of(self).open_spans_; };
  table_.span = [](void* self, uint32_t name_id, int64_t, int64_t) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).spans_.push_back(Of(self).names_.at(name_id - 1));
  };
  table_.device_mark = [](void* self, void*, int32_t mark) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).marks_.push_back(mark);
  };
  table_.counter = [](void* self, uint32_t name_id, double value) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).counters_.emplace_back(Of(self).names_.at(name_id - 1), value);
  };
  table_.alloc = [](void*, uint64_t bytes, int32_t) { return std::malloc(bytes); };
  table_.free = [](void*, void* memory) { std::free(memory); };
  table_.option = [](void* self, const char* key) -> const char* {
    const auto& options = Of(self).options_;
    const auto found = options.find(key);
    return found == options.end() ? nullptr : found->second.c_str();
  };
  allocations_table_.struct_size = sizeof(allocations_table_);
  allocations_table_.self = this;
  allocations_table_.changed = [](void* self, uint32_t name_id, const void*, int64_t bytes, uint64_t) {
    const std::lock_guard lock(Of(self).mutex_);
    Of(self).allocations_.emplace_back(Of(self).names_.at(name_id - 1), bytes);
  };
  table_.get_extension = [](void* self, const char* id) -> const void* {
    const bool wanted = Of(self).wants_allocations_ && std::string(id) == SP_EXTENSION_DEVICE_ALLOCATIONS;
    return wanted ? &Of(self).allocations_table_ : nullptr;
  };
}

std::vector<std::pair<std::string, int64_t>> FakeHost::allocations() const {
  const std::lock_guard lock(mutex_);
  return allocations_;
}

std::vector<FakeHost::StageSeen> FakeHost::stages() const {
  const std::lock_guard lock(mutex_);
  return stages_;
}

std::vector<std::string> FakeHost::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::vector<int32_t> FakeHost::marks() const {
  const std::lock_guard lock(mutex_);
  return marks_;
}

std::vector<std::string> FakeHost::spans() const {
  const std::lock_guard lock(mutex_);
  return spans_;
}

std::vector<std::pair<std::string, double>> FakeHost::take_counters() {
  const std::lock_guard lock(mutex_);
  return std::exchange(counters_, {});
}

void FakeHost::forget() {
  const std::lock_guard lock(mutex_);
  stages_.clear();
  log_.clear();
  marks_.clear();
  spans_.clear();
}

FakeArena::FakeArena(uint64_t limit_bytes) : left_(limit_bytes) {
  table_.struct_size = sizeof(table_);
  table_.self = this;
  table_.alloc = [](void* self, uint64_t bytes) -> void* {
    auto& arena = *static_cast<FakeArena*>(self);
    if (bytes > arena.left_) return nullptr;
    arena.left_ -= bytes;
    arena.blocks_.push_back(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    return arena.blocks_.back();
  };
}

FakeArena::~FakeArena() {
  for (void* block : blocks_) std::free(block);
}

}  // namespace stallpoint::testing
