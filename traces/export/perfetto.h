// Writes a Perfetto trace: what ui.perfetto.dev and trace_processor open. Times are CLOCK_MONOTONIC, with a snapshot
// that ties it to CLOCK_BOOTTIME and the wall clock.
#ifndef STALLPOINT_TRACES_EXPORT_PERFETTO_H_
#define STALLPOINT_TRACES_EXPORT_PERFETTO_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "traces/export/slice.h"
#include "traces/proto/trace.pb.h"
#include "traces/run_record.h"

namespace stallpoint {

namespace perfetto {
class TrackDescriptor;
class TracePacket;
}  // namespace perfetto

class PerfettoSink : public TimelineSink {
 public:
  // `clocks` may be null: then only CLOCK_MONOTONIC is known. `run` and `out` outlive the sink.
  PerfettoSink(const RunRecord& run, const trace::ClockSnapshot* clocks, std::ostream& out);
  ~PerfettoSink() override;

  void AddRow(const Row& row) override;
  void Begin(uint32_t row, const Slice& slice) override;
  void End(uint32_t row, const Slice& slice) override;
  void Instant(uint32_t row, const std::string& text, int64_t time_ns) override;
  void AddCounter(uint32_t counter, const std::string& name, const std::string& unit) override;
  void Count(uint32_t counter, int64_t time_ns, double value) override;
  void Finish(int64_t end_ns) override;

 private:
  // An empty packet of our sequence at a time of the run.
  perfetto::TracePacket& NewEvent(int64_t time_ns);
  perfetto::TrackDescriptor& NewDescriptor(uint64_t uuid);
  void Write();

  const RunRecord& run_;
  std::ostream& out_;
  std::unique_ptr<perfetto::TracePacket> packet_;
  std::string bytes_;
  absl::flat_hash_map<const std::string*, uint64_t> names_;  // interned
};

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_PERFETTO_H_
