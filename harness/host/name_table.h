// Names that a plugin interned, and their ids in the trace.
//
// Ids are small and dense from 1; looking one up takes no lock. A name becomes a stage of the trace when the plugin
// first opens a stage under it, of the kind that fits the place. Any thread may call.
#ifndef STALLPOINT_HARNESS_HOST_NAME_TABLE_H_
#define STALLPOINT_HARNESS_HOST_NAME_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "traces/proto/trace.pb.h"

namespace stallpoint {

class Recorder;

class NameTable {
 public:
  static constexpr uint32_t kCapacity = 4096;

  // `recorder` may be null (nothing is recorded) and must outlive the table.
  explicit NameTable(Recorder* recorder) : recorder_(recorder) {}

  // The id of `name`. When the table is full, the id of the last name that fitted.
  uint32_t Intern(std::string_view name);

  // Ids in the trace; 0 when nothing is recorded or `id` was never interned.
  uint32_t SpanId(uint32_t id) const { return id < kCapacity ? entries_[id].span.load(std::memory_order_acquire) : 0; }
  uint32_t StageId(uint32_t id, trace::StageKind kind);
  uint32_t SeriesId(uint32_t id, std::string_view unit = "1");

 private:
  struct Entry {
    std::string name;
    std::atomic<uint32_t> span{0}, stage{0}, series{0};
  };

  Recorder* const recorder_;
  std::mutex mutex_;
  std::unordered_map<std::string, uint32_t> ids_;
  uint32_t next_ = 1;
  std::array<Entry, kCapacity> entries_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_NAME_TABLE_H_
