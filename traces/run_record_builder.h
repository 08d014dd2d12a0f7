// Collects the events of a trace into one RunRecord per run.
//
// Memory is proportional to the samples, batches and iterations that events vouch for, never to the numbers they
// contain: an index far beyond what was seen so far is set aside and counted. One thread at a time.
#ifndef STALLPOINT_TRACES_RUN_RECORD_BUILDER_H_
#define STALLPOINT_TRACES_RUN_RECORD_BUILDER_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "traces/device_work_collector.h"
#include "traces/run_record.h"
#include "traces/trace_visitor.h"

namespace stallpoint {

class RunRecordBuilder : public TraceVisitor {
 public:
  void OnSegment(const EventSource& source, const trace::SegmentStart& segment) override;
  void OnSpan(const EventSource& source, const SpanEvent& span) override;
  void OnCounter(const EventSource& source, const CounterEvent& event) override;
  void OnAllocation(const EventSource& source, const AllocationEvent& event) override;
  void OnBatch(const EventSource& source, const BatchEvent& event) override;
  void OnIteration(const EventSource& source, const IterationEvent& event) override;
  void OnPhase(const EventSource& source, trace::Phase phase, int64_t time_ns) override;
  void OnMarker(const EventSource& source, const Track& track, const EventName& name, int64_t time_ns) override;
  void OnLog(const EventSource& source, uint32_t severity, std::string_view text, int64_t time_ns) override;
  void OnAccounting(const EventSource& source, const trace::Accounting& accounting) override;
  void OnRunEnd(const EventSource& source, const trace::RunEnd& end, std::optional<int64_t> time_ns) override;
  void OnUnknownIds(const EventSource& source, uint64_t count) override;
  void OnSetAside(const EventSource& source, uint64_t count) override;

  // The runs in order of appearance. To be called once, after the last event.
  std::vector<RunRecord> Finish();

 private:
  // The samples of the batch that a track is working on.
  struct OpenBatch {
    int64_t batch = -1;
    absl::flat_hash_map<int64_t, uint32_t> row_by_key;
    uint32_t last_row = 0;
  };
  struct WriterEnd {
    trace::Accounting accounting;
    bool ended = false;
    trace::Outcome outcome = trace::OUTCOME_UNSPECIFIED;
    std::string message;
  };
  struct StepPart {
    std::string name;
    double total_ns = 0;
  };
  struct Run {
    RunRecord record;
    int64_t begin_ns = std::numeric_limits<int64_t>::max();
    int64_t end_ns = std::numeric_limits<int64_t>::min();
    std::map<uint64_t, WriterEnd> writers;
    std::vector<uint64_t> writer_order;
    absl::flat_hash_map<uint32_t, OpenBatch> open_batches;               // by track
    absl::flat_hash_map<uint32_t, int> stage_columns;                    // by name index
    std::vector<bool> stage_seen;                                        // beside record.sample_costs
    absl::flat_hash_map<uint32_t, StepPart> step_parts;                  // by name index
    absl::flat_hash_map<uint32_t, std::vector<CounterPoint>*> counters;  // by series index
    DeviceWorkCollector device_work;
    int64_t batches_seen = 0, iterations_seen = 0;

    // Something was recorded from when to when.
    void Cover(int64_t from_ns, int64_t to_ns) {
      begin_ns = std::min(begin_ns, from_ns);
      end_ns = std::max(end_ns, to_ns);
    }
  };

  Run& RunOf(const EventSource& source);
  void AddSampleStage(Run& run, const SpanEvent& span);
  void AddToIteration(Run& run, const SpanEvent& span);
  int StageColumn(Run& run, const EventName& name);
  BatchRecord* BatchAt(Run& run, int64_t index);
  IterationRecord* IterationAt(Run& run, int64_t index);
  static void FinishRun(Run& run);

  std::vector<std::unique_ptr<Run>> runs_;
  absl::flat_hash_map<uint64_t, Run*> runs_by_id_;
  EventSource last_source_;
  Run* last_run_ = nullptr;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_RUN_RECORD_BUILDER_H_
