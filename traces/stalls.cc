#include "traces/stalls.h"

#include <algorithm>
#include <limits>

namespace stallpoint {
namespace {

LoadCause CauseOf(const std::string& stage, const StageCost& cost) {
  if (cost.wait_ns() <= cost.cpu_ns + cost.run_queue_ns) return {stage, "cpu"};
  return {stage, cost.bytes > 0 || stage == "read" ? "io" : "blocked"};
}

int64_t StepBegin(const IterationRecord& it, bool on_device) {
  return on_device ? it.device_begin_ns : it.launch_begin_ns;
}

}  // namespace

std::vector<LoadCause> FindLoadCauses(const RunRecord& run) {
  const size_t columns = run.sample_stages.size();
  const std::vector<StageCost> sums = run.SumStagesByBatch();
  std::vector<LoadCause> causes(run.batches.size());
  for (size_t i = 0; i < run.batches.size(); ++i) {
    int64_t longest_ns = 0;
    auto consider = [&](const std::string& stage, const StageCost& cost) {
      if (cost.wall_ns <= longest_ns) return;
      longest_ns = cost.wall_ns;
      causes[i] = CauseOf(stage, cost);
    };
    for (size_t column = 0; column < columns; ++column) {
      consider(run.sample_stages[column], sums[i * columns + column]);
    }
    consider("collate", run.batches[i].collate);
  }
  return causes;
}

void ForEachStall(const RunRecord& run, absl::FunctionRef<void(const Stall&)> take) {
  const bool on_device = run.has_device_timeline();
  int64_t begin_ns = std::numeric_limits<int64_t>::max(), end_ns = 0;
  for (const IterationRecord& it : run.iterations) {
    for (int64_t begin :
         {it.wait_begin_ns, it.receive_begin_ns, it.copy_begin_ns, it.launch_begin_ns, it.device_begin_ns}) {
      if (begin >= 0) begin_ns = std::min(begin_ns, begin);
    }
    end_ns = std::max({end_ns, it.launch_end_ns, it.sync_end_ns, it.device_end_ns});
  }
  size_t next = 0;
  ForEachOwned(run, begin_ns, end_ns, [&](const OwnedInterval& interval) {
    if (interval.owner == Owner::kCompute || interval.owner == Owner::kOutside) return;
    while (next + 1 < run.iterations.size() && StepBegin(run.iterations[next], on_device) < interval.end_ns) ++next;
    take({interval.owner, interval.begin_ns, interval.end_ns, static_cast<int64_t>(next)});
  });
}

}  // namespace stallpoint
