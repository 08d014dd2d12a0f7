// The events of a trace with their ids resolved and their times in CLOCK_MONOTONIC nanoseconds.
//
// A visitor overrides what it wants to know. References and pointers to EventName, Track and Series live as long as the
// EventDecoder that made them, and each stands for the same thing throughout a file; everything else lives for the
// call.
#ifndef STALLPOINT_TRACES_TRACE_VISITOR_H_
#define STALLPOINT_TRACES_TRACE_VISITOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "traces/proto/trace.pb.h"

namespace stallpoint {

// Where an event came from.
struct EventSource {
  uint64_t run_id = 0;
  uint64_t writer_id = 0;
};

// Bytes as the run gave them; not promised to be UTF-8.
struct EventName {
  uint32_t index = 0;  // dense over the file
  std::string text;
};

// A row of the timeline. The same row in a later segment is the same Track.
struct Track {
  uint32_t index = 0;  // dense over the file
  uint64_t run_id = 0;
  uint64_t writer_id = 0;
  trace::TrackRole role = trace::TRACK_ROLE_OTHER;
  std::string name;
  uint32_t os_thread_id = 0;
  uint32_t worker_index = 0;
  uint32_t incarnation = 0;
  std::string device;                // name or kind; of streams
  uint64_t device_memory_bytes = 0;  // of that device; 0: unknown
};

struct Series {
  uint32_t index = 0;  // dense over the file
  std::string name, unit;
  const Track* track = nullptr;  // null: of the process
};

struct SpanEvent {
  const Track* track = nullptr;
  const EventName* name = nullptr;
  trace::StageKind kind = trace::STAGE_KIND_UNSPECIFIED;
  int64_t begin_ns = 0, end_ns = 0;
  int64_t batch = -1;   // -1: none
  int64_t sample = -1;  // the key; -1: none
  uint64_t cpu_ns = 0, run_queue_ns = 0, bytes = 0, storage_bytes = 0;
  uint64_t correlation = 0;  // the same for a call and what it launched; 0: none
};

struct CounterEvent {
  const Series* series = nullptr;
  int64_t time_ns = 0;
  double value = 0;
};

struct BatchEvent {
  uint64_t batch = 0;
  uint32_t samples = 0;
  uint64_t bytes = 0;
  uint32_t epoch = 0;
  uint32_t worker_index = 0;
};

struct IterationEvent {
  uint64_t iteration = 0;
  std::optional<double> loss;
};

// As MemoryBlock's rows.
struct AllocationEvent {
  const EventName* allocator = nullptr;
  int64_t time_ns = 0;
  uint64_t address = 0;
  int64_t bytes = 0;
  uint64_t held_bytes = 0;
};

class TraceVisitor {
 public:
  virtual ~TraceVisitor() = default;

  virtual void OnSegment(const EventSource&, const trace::SegmentStart&) {}
  virtual void OnSpan(const EventSource&, const SpanEvent&) {}
  virtual void OnCounter(const EventSource&, const CounterEvent&) {}
  virtual void OnAllocation(const EventSource&, const AllocationEvent&) {}
  virtual void OnBatch(const EventSource&, const BatchEvent&) {}
  virtual void OnIteration(const EventSource&, const IterationEvent&) {}
  virtual void OnPhase(const EventSource&, trace::Phase, int64_t /*time_ns*/) {}
  virtual void OnMarker(const EventSource&, const Track&, const EventName&, int64_t /*time_ns*/) {}
  virtual void OnLog(const EventSource&, uint32_t /*severity*/, std::string_view /*text*/, int64_t /*time_ns*/) {}
  virtual void OnAccounting(const EventSource&, const trace::Accounting&) {}
  virtual void OnRunEnd(const EventSource&, const trace::RunEnd&, std::optional<int64_t> /*time_ns*/) {}
  // References to ids that were never defined. Their events are delivered all the same, named "unknown".
  virtual void OnUnknownIds(const EventSource&, uint64_t /*count*/) {}
  // Events with impossible times or missing columns; they are not delivered.
  virtual void OnSetAside(const EventSource&, uint64_t /*count*/) {}
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TRACE_VISITOR_H_
