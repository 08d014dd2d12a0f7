#include "traces/export/csv.h"

#include <vector>

#include "fmt/core.h"
#include "traces/stalls.h"

namespace stallpoint {
namespace {

// Exact: nanoseconds are six decimals of a millisecond.
std::string Ms(int64_t ns) { return fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000); }

std::string Length(int64_t begin_ns, int64_t end_ns) {
  return begin_ns < 0 || end_ns < begin_ns ? std::string() : Ms(end_ns - begin_ns);
}

// What the device waited for before each iteration's step, per owner.
struct StallBefore {
  int64_t longest_ns = 0;
  int64_t total_ns = 0;
  Owner owner = Owner::kOther;
};

std::vector<StallBefore> StallsByIteration(const RunRecord& run) {
  std::vector<StallBefore> stalls(run.iterations.size());
  ForEachStall(run, [&](const Stall& stall) {
    StallBefore& before = stalls[stall.iteration];
    const int64_t length_ns = stall.end_ns - stall.begin_ns;
    before.total_ns += length_ns;
    if (length_ns > before.longest_ns) {
      before.longest_ns = length_ns;
      before.owner = stall.owner;
    }
  });
  return stalls;
}

}  // namespace

std::string CsvText(std::string_view text) {
  std::string cell;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) cell = "'";
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void WriteIterationsCsv(const RunRecord& run, std::ostream& out) {
  out << "iteration,epoch,worker,samples,bytes,begin_at_ms,wait_ms,receive_ms,copy_ms,launch_ms,sync_ms,"
         "device_at_ms,device_ms,stall_ms,stall_cause,stall_stage,stall_wait,loss,load_at_ms,load_ms,load_cpu_ms,"
         "collate_ms";
  for (const std::string& stage : run.sample_stages) {
    for (const char* figure : {"_ms", "_cpu_ms", "_run_queue_ms", "_wait_ms", "_bytes", "_storage_bytes"}) {
      out << ',' << CsvText(stage + figure);
    }
  }
  out << "\n";

  const std::vector<StallBefore> stalls = StallsByIteration(run);
  const std::vector<LoadCause> causes = FindLoadCauses(run);
  const std::vector<StageCost> stage_sums = run.SumStagesByBatch();
  const size_t columns = run.sample_stages.size();
  auto at = [&](int64_t time_ns) { return time_ns < 0 ? std::string() : Ms(time_ns - run.begin_ns); };
  for (size_t i = 0; i < run.iterations.size(); ++i) {
    const IterationRecord& it = run.iterations[i];
    if (it.index < 0) continue;
    const bool has_batch = i < run.batches.size() && run.batches[i].index >= 0;
    const BatchRecord batch = has_batch ? run.batches[i] : BatchRecord();
    const LoadCause cause = has_batch && stalls[i].owner == Owner::kDataWait ? causes[i] : LoadCause();
    auto if_batch = [&](auto value) { return has_batch ? fmt::format("{}", value) : std::string(); };

    out << it.index << ',' << if_batch(batch.epoch) << ',' << (batch.worker >= 0 ? if_batch(batch.worker) : "") << ','
        << if_batch(batch.samples) << ',' << if_batch(batch.bytes) << ','
        << at(it.wait_begin_ns >= 0 ? it.wait_begin_ns : it.launch_begin_ns) << ','
        << Length(it.wait_begin_ns, it.wait_end_ns) << ',' << Length(it.receive_begin_ns, it.receive_end_ns) << ','
        << Length(it.copy_begin_ns, it.copy_end_ns) << ',' << Length(it.launch_begin_ns, it.launch_end_ns) << ','
        << Length(it.sync_begin_ns, it.sync_end_ns) << ',' << at(it.device_begin_ns) << ','
        << Length(it.device_begin_ns, it.device_end_ns) << ',' << Ms(stalls[i].total_ns) << ','
        << (stalls[i].total_ns > 0 ? Name(stalls[i].owner) : "") << ',' << CsvText(cause.stage) << ',' << cause.wait
        << ',' << (it.loss ? fmt::format("{}", *it.loss) : "") << ',' << at(batch.load_begin_ns) << ','
        << Length(batch.load_begin_ns, batch.load_end_ns) << ','
        << (batch.load_begin_ns >= 0 ? Ms(batch.load.cpu_ns) : "") << ',' << if_batch(Ms(batch.collate.wall_ns));
    for (size_t column = 0; column < columns; ++column) {
      if (!has_batch) {
        out << ",,,,,,";
        continue;
      }
      const StageCost& sum = stage_sums[i * columns + column];
      out << ',' << Ms(sum.wall_ns) << ',' << Ms(sum.cpu_ns) << ',' << Ms(sum.run_queue_ns) << ',' << Ms(sum.wait_ns())
          << ',' << sum.bytes << ',' << sum.storage_bytes;
    }
    out << "\n";
  }
}

}  // namespace stallpoint
