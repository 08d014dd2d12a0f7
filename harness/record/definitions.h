// What the ids of a trace stand for: names, stages, devices, series.
//
// Any thread defines; the recorder's thread writes each definition the first time a segment uses it, so that a segment
// holds what it needs and nothing else. Names are cut at 1 KiB and 65,536 of them are told apart, as are series: a run
// that makes up names for ever costs bounded memory.
#ifndef STALLPOINT_HARNESS_RECORD_DEFINITIONS_H_
#define STALLPOINT_HARNESS_RECORD_DEFINITIONS_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

class Definitions {
 public:
  // [any] Ids from 1, the same for the same name.
  uint32_t Intern(std::string_view name) { return Stage(name, trace::STAGE_KIND_UNSPECIFIED); }
  uint32_t Stage(std::string_view name, trace::StageKind kind);
  uint32_t Device(const trace::DeviceDefinition& device);
  // 0 when there are too many.
  uint32_t Series(std::string_view name, std::string_view unit);

  // [recorder's thread] Adds to `chunk` what this segment has not defined yet. Ids that nobody defined are left
  // unknown.
  void BeginSegment();
  void DefineName(uint32_t id, trace::Chunk* chunk) {
    if (!names_written_.Contains(id) || stages_changed_.load(std::memory_order_acquire)) WriteName(id, chunk);
  }
  void DefineSeries(uint32_t id, trace::Chunk* chunk) {
    if (!series_written_.Contains(id)) WriteSeries(id, chunk);
  }
  void DefineDevice(uint32_t id, trace::Chunk* chunk);

 private:
  struct NamedStage {
    std::string name;
    trace::StageKind kind;
  };

  // Ids that the current segment holds.
  class WrittenIds {
   public:
    bool Contains(uint32_t id) const { return id < written_.size() && written_[id]; }
    void Add(uint32_t id) {
      if (id >= written_.size()) written_.resize(id + 1);
      written_[id] = true;
    }
    void Clear() { written_.assign(written_.size(), false); }

   private:
    std::vector<bool> written_;
  };

  void WriteName(uint32_t id, trace::Chunk* chunk);
  void WriteSeries(uint32_t id, trace::Chunk* chunk);

  std::mutex mutex_;
  std::deque<NamedStage> names_;  // id - 1; references stay valid
  absl::flat_hash_map<std::string_view, uint32_t> name_ids_;
  std::deque<trace::SeriesDefinition> series_;
  absl::flat_hash_map<std::string, uint32_t> series_ids_;
  std::deque<trace::DeviceDefinition> devices_;
  // A name that may have been written already became a stage: names are written anew.
  std::atomic<bool> stages_changed_{false};

  WrittenIds names_written_, series_written_, devices_written_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_DEFINITIONS_H_
