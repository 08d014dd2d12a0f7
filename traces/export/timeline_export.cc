#include "traces/export/timeline_export.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "traces/export/slice_nester.h"
#include "traces/stalls.h"
#include "traces/utf8.h"

namespace stallpoint {
namespace {

// A row and the further lanes it needs, each a row of its own to the sink.
class NestedRow : private SliceNester::Lanes {
 public:
  NestedRow(Row row, TimelineSink& sink, uint32_t& rows) : row_(std::move(row)), sink_(sink), rows_(rows) {}

  void Add(const Slice& slice) { nester_.Add(slice, *this); }
  void Finish() { nester_.Finish(*this); }
  uint32_t id() { return RowOf(0); }

 private:
  void Begin(size_t lane, const Slice& slice) override { sink_.Begin(RowOf(lane), slice); }
  void End(size_t lane, const Slice& slice) override { sink_.End(RowOf(lane), slice); }

  uint32_t RowOf(size_t lane) {
    while (lane_rows_.size() <= lane) {
      Row row = row_;
      row.id = ++rows_;
      if (!lane_rows_.empty()) {
        row.kind = Row::Kind::kSummary;
        row.name += " (overlapping " + std::to_string(lane_rows_.size()) + ")";
      }
      sink_.AddRow(row);
      lane_rows_.push_back(row.id);
    }
    return lane_rows_[lane];
  }

  Row row_;
  TimelineSink& sink_;
  uint32_t& rows_;
  SliceNester nester_;
  std::vector<uint32_t> lane_rows_;
};

class TimelineVisitor : public TraceVisitor {
 public:
  TimelineVisitor(const RunRecord& run, TimelineSink& sink) : run_(run), sink_(sink) {}

  void DrawStallsAndPhases() {
    NestedRow stalls({0, Row::Kind::kSummary, "stalls", 0}, sink_, rows_);
    const std::vector<LoadCause> causes = FindLoadCauses(run_);
    ForEachStall(run_, [&](const Stall& stall) {
      Slice slice = SliceOf(stall.begin_ns, stall.end_ns, StallTitle(stall, causes));
      slice.stall = stall.owner;
      slice.batch = stall.iteration;
      stalls.Add(slice);
    });
    stalls.Finish();
    NestedRow phases({0, Row::Kind::kSummary, "phases", 0}, sink_, rows_);
    for (const PhaseSpan& phase : run_.phases) phases.Add(SliceOf(phase.begin_ns, phase.end_ns, phase.name));
    phases.Finish();
  }

  void Finish() {
    for (auto& [track, row] : tracks_) row.Finish();
    sink_.Finish(run_.end_ns - run_.begin_ns);
  }

  void OnSpan(const EventSource& source, const SpanEvent& span) override {
    if (source.run_id != run_.run_id) return;
    Slice slice;
    slice.begin_ns = SinceBegin(span.begin_ns);
    slice.end_ns = SinceBegin(span.end_ns);
    slice.name = TextOf(*span.name);
    slice.kind = span.kind;
    slice.batch = span.batch;
    slice.sample = span.sample;
    RowOf(*span.track).Add(slice);
  }

  void OnCounter(const EventSource& source, const CounterEvent& event) override {
    if (source.run_id != run_.run_id || !std::isfinite(event.value)) return;
    uint32_t& counter = counters_[event.series->index];
    if (counter == 0) {
      counter = static_cast<uint32_t>(counters_.size());
      const Track* track = event.series->track;
      const std::string name = track == nullptr ? event.series->name : event.series->name + " of " + track->name;
      sink_.AddCounter(counter, ValidUtf8(name), ValidUtf8(event.series->unit));
    }
    sink_.Count(counter, SinceBegin(event.time_ns), event.value);
  }

  void OnMarker(const EventSource& source, const Track& track, const EventName& name, int64_t time_ns) override {
    if (source.run_id == run_.run_id) sink_.Instant(RowOf(track).id(), *TextOf(name), SinceBegin(time_ns));
  }

  void OnLog(const EventSource& source, uint32_t /*severity*/, std::string_view text, int64_t time_ns) override {
    if (source.run_id != run_.run_id) return;
    if (log_row_ == 0) {
      log_row_ = ++rows_;
      sink_.AddRow({log_row_, Row::Kind::kSummary, "log", 0});
    }
    sink_.Instant(log_row_, ValidUtf8(text), SinceBegin(time_ns));
  }

 private:
  // The trace may have grown since the run was loaded: nothing lies before its beginning.
  int64_t SinceBegin(int64_t time_ns) const { return std::max<int64_t>(0, time_ns - run_.begin_ns); }

  Slice SliceOf(int64_t begin_ns, int64_t end_ns, const std::string& name) {
    Slice slice;
    slice.begin_ns = SinceBegin(begin_ns);
    slice.end_ns = SinceBegin(end_ns);
    slice.name = &*own_texts_.insert(name).first;
    return slice;
  }

  static std::string StallTitle(const Stall& stall, const std::vector<LoadCause>& causes) {
    switch (stall.owner) {
      case Owner::kDataWait: {
        const bool known = stall.iteration < static_cast<int64_t>(causes.size());
        const LoadCause cause = known ? causes[stall.iteration] : LoadCause();
        return cause.stage.empty() ? "stall: wait_batch"
                                   : "stall: wait_batch (" + cause.stage + ", " + cause.wait + ")";
      }
      case Owner::kSync:
        return "stall: wait_device";
      default:
        return std::string("stall: ") + Name(stall.owner);
    }
  }

  const std::string* TextOf(const EventName& name) {
    const std::string*& text = texts_[name.index];
    if (text == nullptr) text = &*own_texts_.insert(ValidUtf8(name.text)).first;
    return text;
  }

  NestedRow& RowOf(const Track& track) {
    auto found = tracks_.find(track.index);
    if (found != tracks_.end()) return found->second;
    Row row = {0, Row::Kind::kThread, ValidUtf8(track.name), track.os_thread_id};
    if (track.role == trace::TRACK_ROLE_STREAM) row.kind = Row::Kind::kStream;
    if (track.incarnation > 0) row.name += " #" + std::to_string(track.incarnation + 1);
    return tracks_.try_emplace(track.index, std::move(row), sink_, rows_).first->second;
  }

  const RunRecord& run_;
  TimelineSink& sink_;
  uint32_t rows_ = 0;
  uint32_t log_row_ = 0;
  std::map<uint32_t, NestedRow> tracks_;                     // by track index
  absl::flat_hash_map<uint32_t, uint32_t> counters_;         // by series index
  absl::flat_hash_map<uint32_t, const std::string*> texts_;  // by name index
  std::set<std::string> own_texts_;
};

}  // namespace

absl::Status DrawTimeline(TraceEvents& events, const RunRecord& run, TimelineSink& sink) {
  TimelineVisitor visitor(run, sink);
  visitor.DrawStallsAndPhases();
  absl::Status visited = events.Visit(visitor);
  if (!visited.ok()) return visited;
  visitor.Finish();
  return absl::OkStatus();
}

std::string SliceTitle(const Slice& slice) {
  const int64_t number = slice.sample >= 0 ? slice.sample : slice.batch;
  if (slice.stall || number < 0) return *slice.name;
  return *slice.name + " " + std::to_string(number);
}

}  // namespace stallpoint
