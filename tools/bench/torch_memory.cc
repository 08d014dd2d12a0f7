// What LibTorch's allocator of a GPU would hold for runs recorded on `cpu`, by that allocator itself and as predicted
// from the runs of one trace, as one JSON object: a row a live run.
//
//   torch_memory RECORDED LIVE...
//
// RECORDED holds calibration runs. The requests of each run are played to libc10_cuda.so over a stand-in for CUDA's
// runtime; what it tells of two batch sizes of RECORDED is all that the prediction knows.
#include <cstdint>
#include <optional>
#include <vector>

#include "fmt/core.h"
#include "nlohmann/json.hpp"
#include "replay/fit/allocation_replay.h"
#include "tests/plugins/torch_allocator.h"
#include "tools/bench/trace_or_exit.h"

namespace stallpoint {
namespace {

using Json = nlohmann::ordered_json;

struct Line {
  double samples_a, value_a, samples_b, value_b;
  double At(double samples) const {
    return value_a + (value_b - value_a) * (samples - samples_a) / (samples_b - samples_a);
  }
};

int Main(int argc, char** argv) {
  const TraceContents recorded = LoadOrExit(argv[1]);
  std::vector<RunRecord> on_gpu;
  for (const RunRecord& run : recorded.runs) {
    if (StreamOf(run)) on_gpu.push_back(testing::OnGpu(run));
  }
  std::vector<const RunRecord*> runs;
  for (const RunRecord& run : on_gpu) runs.push_back(&run);
  if (runs.empty()) ExitWith("no allocations were recorded: expected a LibTorch workload on the device cpu");
  const auto replay = AllocationReplay::Fit(runs);
  if (replay == nullptr) ExitWith("the allocations of no two batch sizes fit together");
  const int64_t first = runs.front()->knobs.batch_size;
  int64_t second = first;
  double second_held = 0;
  for (const RunRecord* run : runs) {
    if (run->knobs.batch_size == first) continue;
    second = run->knobs.batch_size;
    second_held = StreamOf(*run)->most_held;
  }
  const Line line = {static_cast<double>(first), StreamOf(*runs.front())->most_held, static_cast<double>(second),
                     second_held};
  Json rows = Json::array();
  for (int i = 2; i < argc; ++i) {
    const RunRecord live = LoadOrExit(argv[i]).runs.back();
    const std::optional<AllocationStream> stream = StreamOf(live);
    if (!stream) ExitWith(std::string(argv[i]) + ": no allocations were recorded");
    const std::optional<AllocatorPeaks> peaks = testing::PlayOnGpu(*stream, 0);
    if (!peaks) ExitWith(std::string(argv[i]) + ": more than the stand-in has");
    const double least =
        LeastLimit(*peaks, [&](uint64_t limit) { return testing::PlayOnGpu(*stream, limit).has_value(); });
    const int64_t samples = live.knobs.batch_size;
    rows.push_back({{"batch", samples},
                    {"same_shape", stream->ops == StreamOf(recorded.main_run())->ops},
                    {"in_use", peaks->in_use},
                    {"in_use_predicted", replay->At(samples).in_use},
                    {"held", peaks->held},
                    {"held_predicted", replay->At(samples).held},
                    {"held_by_line", line.At(static_cast<double>(samples))},
                    {"least", least},
                    {"least_predicted", replay->LeastAt(samples)}});
  }
  fmt::print("{}\n", Json{{"recorded", {first, second}}, {"rows", rows}}.dump());
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: torch_memory RECORDED LIVE...\n");
    return 2;
  }
  return stallpoint::Main(argc, argv);
}
