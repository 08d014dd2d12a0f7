#include "traces/run_record.h"

#include <algorithm>
#include <utility>

#include "traces/run_record_builder.h"
#include "traces/trace_events.h"

namespace stallpoint {

namespace {

// Sums stay so small that differences of a few of them do not overflow either.
constexpr int64_t kMostSum = int64_t{1} << 60;

int64_t SaturatingSum(int64_t a, int64_t b) {
  return std::min(std::min(a, kMostSum) + std::min(b, kMostSum), kMostSum);
}

}  // namespace

StageCost& StageCost::operator+=(const StageCost& more) {
  wall_ns = SaturatingSum(wall_ns, more.wall_ns);
  cpu_ns = SaturatingSum(cpu_ns, more.cpu_ns);
  run_queue_ns = SaturatingSum(run_queue_ns, more.run_queue_ns);
  bytes = SaturatingSum(bytes, more.bytes);
  storage_bytes = SaturatingSum(storage_bytes, more.storage_bytes);
  return *this;
}

int64_t RunRecord::observed_steps() const {
  const auto count = static_cast<int64_t>(iterations.size());
  return device_work_steps > 0 && device_work_steps < count ? device_work_steps + 1 : 0;
}

bool RunRecord::has_device_timeline() const {
  return std::any_of(iterations.begin(), iterations.end(),
                     [](const IterationRecord& iteration) { return iteration.device_begin_ns >= 0; });
}

std::vector<StageCost> RunRecord::SumStagesByBatch() const {
  const size_t columns = sample_stages.size();
  std::vector<StageCost> sums(batches.size() * columns);
  for (size_t row = 0; row < samples.size(); ++row) {
    const auto batch = static_cast<size_t>(samples[row].batch);
    if (batch >= batches.size()) continue;
    for (size_t column = 0; column < columns; ++column) {
      sums[batch * columns + column] += sample_costs[row * columns + column];
    }
  }
  return sums;
}

const RunRecord& TraceContents::main_run() const {
  auto main =
      std::find_if(runs.begin(), runs.end(), [](const RunRecord& run) { return run.role == RunRecord::Role::kMain; });
  return main != runs.end() ? *main : runs.front();
}

absl::StatusOr<TraceContents> LoadTrace(TraceEvents& events) {
  RunRecordBuilder builder;
  absl::Status visited = events.Visit(builder);
  if (!visited.ok()) return visited;
  TraceContents contents;
  contents.runs = builder.Finish();
  contents.gaps = events.gaps();
  contents.warnings = events.warnings();
  contents.file_bytes = events.file_bytes();
  if (contents.runs.empty()) {
    return absl::DataLossError(
        "a stallpoint trace with frames but no run in them; expected at least one segment start: record it again");
  }
  return contents;
}

absl::StatusOr<TraceContents> LoadTrace(const std::string& path) {
  auto events = TraceEvents::Open(path);
  if (!events.ok()) return events.status();
  return LoadTrace(**events);
}

}  // namespace stallpoint
