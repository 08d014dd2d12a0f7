// Writes NVTXT, the text that Nsight Systems' `ImportNvtxt` turns into a report.
//
// Grammar as its importer takes it: assignments, @definitions of columns, calls. Times are nanoseconds from the
// beginning of the run. NVTXT knows no counters: `queue_depth` becomes a row of its own, other counters are left out.
#ifndef STALLPOINT_TRACES_EXPORT_NVTXT_H_
#define STALLPOINT_TRACES_EXPORT_NVTXT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "traces/export/slice.h"
#include "traces/run_record.h"

namespace stallpoint {

class NvtxtSink : public TimelineSink {
 public:
  // Both outlive the sink.
  NvtxtSink(const RunRecord& run, std::ostream& out);

  void AddRow(const Row& row) override;
  void Begin(uint32_t row, const Slice& slice) override;
  void End(uint32_t row, const Slice& slice) override;
  void Instant(uint32_t row, const std::string& text, int64_t time_ns) override;
  void AddCounter(uint32_t counter, const std::string& name, const std::string& unit) override;
  void Count(uint32_t counter, int64_t time_ns, double value) override;
  void Finish(int64_t end_ns) override;

 private:
  void DrawQueue(int64_t end_ns);

  const RunRecord& run_;
  std::ostream& out_;
  const uint32_t pid_;
  uint32_t queue_counter_ = 0;
  int64_t queue_since_ns_ = -1;
  double queue_depth_ = 0;
};

// A string in quotes. The importer shows an escape as it stands, so `"` becomes `'`, `\` becomes `/`; control
// characters become spaces, and what is longer than 4096 bytes is cut between characters.
std::string NvtxtQuote(std::string_view valid_utf8);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_NVTXT_H_
