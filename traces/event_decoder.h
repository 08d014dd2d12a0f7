// Resolves the chunks of a trace into events: ids per writer and segment, columns, clocks.
//
// Two steps over the same chunks: `LearnClocks` for each, `SealClocks`, then `Decode` for each, because a span may be
// stored before the snapshot that its time lies under. Hostile chunks cost counts, never errors. One thread at a time.
#ifndef STALLPOINT_TRACES_EVENT_DECODER_H_
#define STALLPOINT_TRACES_EVENT_DECODER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "traces/clock_map.h"
#include "traces/reader.h"
#include "traces/trace_visitor.h"

namespace stallpoint {

class EventDecoder {
 public:
  void LearnClocks(const trace::Chunk& chunk, const TraceReader::Origin& origin);
  void SealClocks();
  void Decode(const trace::Chunk& chunk, const TraceReader::Origin& origin, TraceVisitor& visitor);

  // To align a run with other clocks; null when it has none.
  const trace::ClockSnapshot* FirstSnapshotOfRun(uint64_t run_id) const;

 private:
  struct StageName {
    const EventName* name = nullptr;
    trace::StageKind kind = trace::STAGE_KIND_UNSPECIFIED;
  };
  struct DeviceFacts {
    std::string name;
    uint64_t memory_bytes = 0;
  };
  // What one writer's ids mean in its current segment.
  struct Scope {
    uint32_t segment_index = 0;
    absl::flat_hash_map<uint32_t, StageName> names;
    absl::flat_hash_map<uint32_t, DeviceFacts> devices;
    absl::flat_hash_map<uint32_t, const Track*> tracks;
    absl::flat_hash_map<uint32_t, const Series*> series;
  };
  struct Writer {
    uint64_t run_id = 0;
    ClockMap clock;
    trace::ClockSnapshot first_snapshot;
    Scope scope;
  };
  struct Target;  // where the events of one chunk go
  using TrackKey = std::tuple<uint64_t, uint64_t, int, std::string, uint32_t, uint32_t, uint32_t, std::string>;
  using SeriesKey = std::tuple<uint64_t, std::string, std::string, const Track*>;

  void Define(const trace::Chunk& chunk, Target& target);
  void DecodeSpans(const trace::SpanBlock& block, Target& target);
  void DecodeCounters(const trace::CounterBlock& block, Target& target);
  void DecodeAllocations(const trace::MemoryBlock& block, Target& target);
  void DecodeBatches(const trace::BatchBlock& block, Target& target);
  void DecodeIterations(const trace::IterationBlock& block, Target& target);

  const EventName* InternName(std::string_view text);
  const Track* InternTrack(Track track);
  const Series* InternSeries(Series series, uint64_t run_id);
  StageName FindName(uint32_t id, Target& target);
  const Track* FindTrack(uint32_t id, Target& target);

  absl::node_hash_map<uint64_t, Writer> writers_;
  std::deque<EventName> names_;
  absl::flat_hash_map<std::string_view, const EventName*> names_by_text_;
  std::deque<Track> tracks_;
  std::map<TrackKey, const Track*> tracks_by_key_;
  std::deque<Series> series_;
  std::map<SeriesKey, const Series*> series_by_key_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EVENT_DECODER_H_
