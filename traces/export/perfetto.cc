#include "traces/export/perfetto.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

#include "traces/export/perfetto_subset.pb.h"

namespace stallpoint {
namespace {

constexpr uint32_t kSequence = 1;
constexpr uint32_t kIncrementalStateCleared = 1, kNeedsIncrementalState = 2;
constexpr uint32_t kRealtime = 1, kMonotonic = 3, kBoottime = 6;  // Perfetto's numbers of clocks
constexpr uint64_t kProcessUuid = 1;
constexpr uint64_t kRowUuids = uint64_t{1} << 32, kCounterUuids = uint64_t{1} << 33;
constexpr uint64_t kBatchAnnotation = 1, kSampleAnnotation = 2;
constexpr char kPacketTag = (1 << 3) | 2;  // field 1 of Trace, length-delimited

const char* CategoryOf(const Slice& slice) {
  if (slice.stall) return "stall";
  switch (slice.kind) {
    case trace::STAGE_KIND_UNSPECIFIED:
      return "op";
    case trace::STAGE_KIND_SAMPLE:
    case trace::STAGE_KIND_BATCH:
    case trace::STAGE_KIND_LOAD:
    case trace::STAGE_KIND_PIN:
      return "load";
    case trace::STAGE_KIND_STEP:
    case trace::STAGE_KIND_STEP_PART:
      return "device";
    default:
      return "main";
  }
}

int32_t Bounded(uint32_t id) { return static_cast<int32_t>(std::min<uint32_t>(id, INT32_MAX)); }

}  // namespace

PerfettoSink::PerfettoSink(const RunRecord& run, const trace::ClockSnapshot* clocks, std::ostream& out)
    : run_(run), out_(out), packet_(std::make_unique<perfetto::TracePacket>()) {
  packet_->set_trusted_packet_sequence_id(kSequence);
  packet_->set_sequence_flags(kIncrementalStateCleared);
  packet_->set_first_packet_on_sequence(true);
  packet_->mutable_trace_packet_defaults()->set_timestamp_clock_id(kMonotonic);
  for (auto [iid, name] : {std::pair(kBatchAnnotation, "batch"), std::pair(kSampleAnnotation, "sample")}) {
    perfetto::InternedName& interned = *packet_->mutable_interned_data()->add_debug_annotation_names();
    interned.set_iid(iid);
    interned.set_name(name);
  }
  Write();

  if (clocks != nullptr) {
    packet_->set_trusted_packet_sequence_id(kSequence);
    auto add = [&](uint32_t clock, int64_t time_ns) {
      if (time_ns <= 0) return;
      perfetto::ClockSnapshot::Clock& reading = *packet_->mutable_clock_snapshot()->add_clocks();
      reading.set_clock_id(clock);
      reading.set_timestamp(static_cast<uint64_t>(time_ns));
    };
    add(kMonotonic, clocks->monotonic_ns());
    add(kBoottime, clocks->boottime_ns());
    add(kRealtime, clocks->realtime_ns());
    Write();
  }

  perfetto::TrackDescriptor& process = NewDescriptor(kProcessUuid);
  process.mutable_process()->set_pid(Bounded(run.pid));
  process.mutable_process()->set_process_name(run.process_name.empty() ? run.source : run.process_name);
  Write();
}

PerfettoSink::~PerfettoSink() = default;

perfetto::TracePacket& PerfettoSink::NewEvent(int64_t time_ns) {
  packet_->set_trusted_packet_sequence_id(kSequence);
  packet_->set_sequence_flags(kNeedsIncrementalState);
  packet_->set_timestamp(static_cast<uint64_t>(run_.begin_ns + time_ns));
  return *packet_;
}

perfetto::TrackDescriptor& PerfettoSink::NewDescriptor(uint64_t uuid) {
  packet_->set_trusted_packet_sequence_id(kSequence);
  packet_->mutable_track_descriptor()->set_uuid(uuid);
  return *packet_->mutable_track_descriptor();
}

void PerfettoSink::Write() {
  packet_->SerializeToString(&bytes_);
  uint8_t length[10];
  const uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(bytes_.size(), length);
  out_.put(kPacketTag);
  out_.write(reinterpret_cast<const char*>(length), end - length);
  out_ << bytes_;
  packet_->Clear();
}

void PerfettoSink::AddRow(const Row& row) {
  perfetto::TrackDescriptor& track = NewDescriptor(kRowUuids + row.id);
  track.set_parent_uuid(kProcessUuid);
  if (row.kind == Row::Kind::kThread && row.os_thread_id != 0) {
    track.mutable_thread()->set_pid(Bounded(run_.pid));
    track.mutable_thread()->set_tid(Bounded(row.os_thread_id));
    track.mutable_thread()->set_thread_name(row.name);
  } else {
    track.set_name(row.name);
  }
  Write();
}

void PerfettoSink::Begin(uint32_t row, const Slice& slice) {
  perfetto::TracePacket& packet = NewEvent(slice.begin_ns);
  auto [name, added] = names_.try_emplace(slice.name, names_.size() + 1);
  if (added) {
    perfetto::InternedName& interned = *packet.mutable_interned_data()->add_event_names();
    interned.set_iid(name->second);
    interned.set_name(*slice.name);
  }
  perfetto::TrackEvent& event = *packet.mutable_track_event();
  event.set_type(perfetto::TrackEvent::TYPE_SLICE_BEGIN);
  event.set_track_uuid(kRowUuids + row);
  event.set_name_iid(name->second);
  event.add_categories(CategoryOf(slice));
  auto annotate = [&](uint64_t name_iid, int64_t value) {
    if (value < 0) return;
    perfetto::DebugAnnotation& annotation = *event.add_debug_annotations();
    annotation.set_name_iid(name_iid);
    annotation.set_int_value(value);
  };
  annotate(kBatchAnnotation, slice.batch);
  annotate(kSampleAnnotation, slice.sample);
  Write();
}

void PerfettoSink::End(uint32_t row, const Slice& slice) {
  perfetto::TrackEvent& event = *NewEvent(slice.end_ns).mutable_track_event();
  event.set_type(perfetto::TrackEvent::TYPE_SLICE_END);
  event.set_track_uuid(kRowUuids + row);
  Write();
}

void PerfettoSink::Instant(uint32_t row, const std::string& text, int64_t time_ns) {
  perfetto::TrackEvent& event = *NewEvent(time_ns).mutable_track_event();
  event.set_type(perfetto::TrackEvent::TYPE_INSTANT);
  event.set_track_uuid(kRowUuids + row);
  event.set_name(text);
  Write();
}

void PerfettoSink::AddCounter(uint32_t counter, const std::string& name, const std::string& unit) {
  perfetto::TrackDescriptor& track = NewDescriptor(kCounterUuids + counter);
  track.set_parent_uuid(kProcessUuid);
  track.set_name(name);
  if (unit == "bytes") {
    track.mutable_counter()->set_unit(perfetto::CounterDescriptor::UNIT_SIZE_BYTES);
  } else if (unit == "ns") {
    track.mutable_counter()->set_unit(perfetto::CounterDescriptor::UNIT_TIME_NS);
  } else if (unit == "1" || unit.empty()) {
    track.mutable_counter()->set_unit(perfetto::CounterDescriptor::UNIT_COUNT);
  } else {
    track.mutable_counter()->set_unit_name(unit);
  }
  Write();
}

void PerfettoSink::Count(uint32_t counter, int64_t time_ns, double value) {
  perfetto::TrackEvent& event = *NewEvent(time_ns).mutable_track_event();
  event.set_type(perfetto::TrackEvent::TYPE_COUNTER);
  event.set_track_uuid(kCounterUuids + counter);
  event.set_double_counter_value(value);
  Write();
}

void PerfettoSink::Finish(int64_t /*end_ns*/) {}

}  // namespace stallpoint
