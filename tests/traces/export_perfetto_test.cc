#include <fstream>
#include <sstream>

#include "catch.h"
#include "tests/traces/external_tool.h"
#include "tests/traces/steady_run.h"
#include "traces/export/exporter.h"
#include "traces/export/perfetto_subset.pb.h"

namespace stallpoint {
namespace {

TraceBuilder SmallRun() {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  const uint32_t stream = trace.Track(trace::TRACK_ROLE_STREAM, "cpu \xF0\x9F\x92\xA5 stream");
  const uint32_t memory = trace.Series("host_memory_rss", "bytes");
  trace.Phase(trace::PHASE_TRAIN, 0);
  trace.Span(worker, "read\xff", trace::STAGE_KIND_SAMPLE, 1, 3, 0).sample = 17;
  trace.Span(worker, "load", trace::STAGE_KIND_LOAD, 1, 4, 0);
  trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 1, 5, 0);
  trace.Span(stream, "step", trace::STAGE_KIND_STEP, 5, 8, 0);
  trace.Span(stream, "step", trace::STAGE_KIND_STEP, 8, 9, 1);
  trace.Counter(memory, 4, 1.5e9);
  trace::LogLine& log = *trace.body().add_log_lines();
  log.set_ticks(TraceBuilder::Ticks(2));
  log.set_text("slow sample");
  trace.End(10);
  return trace;
}

std::string ExportBytes(const TraceBuilder& trace) {
  TemporaryFile file(".sptrace");
  trace.WriteTo(file.path());
  std::ostringstream out;
  REQUIRE(ExportTrace(file.path(), "perfetto", out).ok());
  return out.str();
}

TEST_CASE("in a Perfetto trace slices nest strictly on every track and every reference is defined before it") {
  perfetto::Trace trace;
  REQUIRE(trace.ParseFromString(ExportBytes(SteadyRun(50))));
  std::map<uint64_t, std::vector<uint64_t>> open;  // begins, by track
  std::map<uint64_t, uint64_t> now;
  std::set<uint64_t> names;
  std::set<uint64_t> tracks;
  size_t slices = 0;
  for (const perfetto::TracePacket& packet : trace.packet()) {
    CHECK(packet.trusted_packet_sequence_id() == 1);
    if (packet.has_track_descriptor()) tracks.insert(packet.track_descriptor().uuid());
    for (const auto& name : packet.interned_data().event_names()) CHECK(names.insert(name.iid()).second);
    if (!packet.has_track_event()) continue;
    const perfetto::TrackEvent& event = packet.track_event();
    REQUIRE(tracks.count(event.track_uuid()) == 1);
    REQUIRE(packet.timestamp() >= now[event.track_uuid()]);
    now[event.track_uuid()] = packet.timestamp();
    if (event.type() == perfetto::TrackEvent::TYPE_SLICE_BEGIN) {
      REQUIRE(names.count(event.name_iid()) == 1);
      open[event.track_uuid()].push_back(packet.timestamp());
      ++slices;
    } else if (event.type() == perfetto::TrackEvent::TYPE_SLICE_END) {
      REQUIRE(!open[event.track_uuid()].empty());
      open[event.track_uuid()].pop_back();
    }
  }
  for (const auto& [track, begins] : open) CHECK(begins.empty());
  CHECK(slices == 50 * (4 + 2 + 6) + 50 * 5 - 1 + 3);  // spans, stalls (none after the last step's wait), phases
}

// Prints one line for each thing that a viewer would show.
constexpr char kReader[] = R"py(
import sys
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent
trace = Trace()
trace.ParseFromString(open(sys.argv[1], "rb").read())
names, keys, tracks, stack = {}, {}, {}, {}
start = 1_000_000_000_000
for p in trace.packet:
    if p.HasField("trace_packet_defaults"):
        print("defaults clock", p.trace_packet_defaults.timestamp_clock_id, "first", p.first_packet_on_sequence, "flags", p.sequence_flags)
    if p.HasField("clock_snapshot"):
        print("clocks", [(c.clock_id, c.timestamp) for c in p.clock_snapshot.clocks])
    for n in p.interned_data.event_names: names[n.iid] = n.name
    for n in p.interned_data.debug_annotation_names: keys[n.iid] = n.name
    if p.HasField("track_descriptor"):
        d = p.track_descriptor
        if d.HasField("process"):
            print("process", d.process.pid, d.process.process_name)
            tracks[d.uuid] = "process"
        elif d.HasField("thread"):
            print("thread", d.thread.pid, d.thread.tid, d.thread.thread_name, "in", tracks[d.parent_uuid])
            tracks[d.uuid] = d.thread.thread_name
        elif d.HasField("counter"):
            print("counter", d.name, "unit", d.counter.unit, "in", tracks[d.parent_uuid])
            tracks[d.uuid] = d.name
        else:
            print("track", d.name.encode("unicode_escape").decode(), "in", tracks[d.parent_uuid])
            tracks[d.uuid] = d.name.split()[0]
    if p.HasField("track_event"):
        e = p.track_event
        at = (p.timestamp - start) / 1e6
        where = tracks[e.track_uuid]
        if e.type == TrackEvent.TYPE_SLICE_BEGIN:
            args = [(keys[a.name_iid], a.int_value) for a in e.debug_annotations]
            print(where, "|", ascii(names[e.name_iid]), "from", at, list(e.categories), args)
        elif e.type == TrackEvent.TYPE_SLICE_END:
            print(where, "| end", at)
        elif e.type == TrackEvent.TYPE_INSTANT:
            print(where, "| instant", e.name, at)
        elif e.type == TrackEvent.TYPE_COUNTER:
            print(where, "| value", e.double_counter_value, at)
)py";

TEST_CASE("Perfetto's own schema reads the trace as it was meant") {
  const std::string python = PerfettoPython();
  if (python.empty()) {
    WARN("skipped: no Python with the package perfetto in .venv");
    return;
  }
  TemporaryFile file(".perfetto");
  std::ofstream(file.path(), std::ios::binary) << ExportBytes(SmallRun());
  std::ofstream(file.folder() + "/reader.py") << kReader;
  const ToolResult read = RunTool(python + " " + file.folder() + "/reader.py " + file.path() + " 2>&1");
  CHECK(read.status == 0);
  constexpr char kExpected[] = R"text(defaults clock 3 first True flags 1
clocks [(3, 1000000000000), (6, 1005000000000), (1, 1700000000000000000)]
process 4242 train
track stalls in process
stalls | 'stall: wait_batch (read\ufffd, blocked)' from 1.0 ['stall'] [('batch', 0)]
stalls | end 5.0
track phases in process
phases | 'train' from 0.0 ['op'] []
phases | end 10.0
counter host_memory_rss unit 3 in process
host_memory_rss | value 1500000000.0 4.0
track log in process
log | instant slow sample 2.0
thread 4242 5001 main in process
main | 'wait_batch' from 1.0 ['main'] [('batch', 0)]
main | end 5.0
thread 4242 5002 worker 0 in process
worker 0 | 'load' from 1.0 ['load'] [('batch', 0)]
worker 0 | 'read\ufffd' from 1.0 ['load'] [('batch', 0), ('sample', 17)]
worker 0 | end 3.0
worker 0 | end 4.0
track cpu \U0001f4a5 stream in process
cpu | 'step' from 5.0 ['device'] [('batch', 0)]
cpu | end 8.0
cpu | 'step' from 8.0 ['device'] [('batch', 1)]
cpu | end 9.0
)text";
  CHECK(read.output == kExpected);
}

}  // namespace
}  // namespace stallpoint
