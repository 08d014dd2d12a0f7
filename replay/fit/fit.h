// The parts of fitting a cost model that stand alone: lines through batch sizes, the device, memory, the host's speed.
//
// Pure functions; any thread.
#ifndef STALLPOINT_REPLAY_FIT_FIT_H_
#define STALLPOINT_REPLAY_FIT_FIT_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "replay/fit/cost_model.h"
#include "replay/fit/run_costs.h"
#include "traces/run_record.h"

namespace stallpoint {

// What CPU seconds differ by from one short run to the next, before that is seen, and the weight of that expectation.
inline constexpr double kRunToRunNoise = 0.04, kNoisePrior = 2;

// One run and its costs; both outlive the fit.
struct FittedRun {
  const RunRecord* run;
  RunCosts costs;
  // How much more its samples compute beside reading than the main run's, because it reads from storage more often.
  double cold_slow = 1;
};

// A point of a line over batch sizes: what was typical at a size, and how many values stand behind it.
struct SizePoint {
  double samples = 0, value = 0, count = 0;
};

// Least squares with both coefficients non-negative; `identified` when sizes differ by a quarter at least.
struct Line {
  double fixed = 0, slope = 0;
  bool identified = false;
};
Line FitLine(const std::vector<SizePoint>& points);

// What computing costs after reads from storage to what it costs when nothing is waited for, caches and clocks being
// colder: by runs that differ in how often they read from it; 1 where none do. Sets `cold_slow` of each run.
double FitColdSlow(std::vector<FittedRun>* runs);

// How computing slows when all cores are busy, by runs that differ in how busy the cores were. A difference that the
// host's changing speed explains as well is shrunk towards 1: what that does is taken from how far the runs scatter
// about the line.
double FitStretch(absl::Span<const FittedRun> runs, const UnevenCores& cores);
// What the demands of a run are to be divided by to become those of an idle host.
double SlowDown(const RunCosts& costs, double stretch);

// What issuing a step takes, the copying of its batch apart: what every run's is to be to the main run's, and how it
// grows with the batch, which it does not unless sizes differ by more than runs of one size.
struct LaunchFit {
  double level = 1;
  BatchGrowth growth;
};
LaunchFit FitLaunch(absl::Span<const FittedRun> runs, double stretch, const UnevenCores& cores);
DeviceCopies FitDeviceCopies(absl::Span<const FittedRun> runs);
DeviceModel FitDevice(absl::Span<const FittedRun> runs, double stretch);
StartUp FitStartUp(absl::Span<const FittedRun> runs, double stretch);
MemoryModel FitMemory(absl::Span<const FittedRun> runs);

// From how reads' waits grow with how many there are at a time, over runs that differ in workers.
Storage FitStorage(absl::Span<const FittedRun> runs);

// Sets the model's page cache, its tapes and what its stages read costs in either state. `rows`: the main run's, as
// they are on the model's tape; `seed`: of that tape.
void FitPageCache(absl::Span<const FittedRun> runs, std::vector<std::vector<Demand>> rows, uint64_t seed,
                  CostModel* model);

// From the runs on crowded cores, main and calibration. All else of the model is fitted already, but for disturbance.
Scheduling FitScheduling(absl::Span<const FittedRun> runs, const CostModel& model);

// From the main run, and the calibration runs with no more workers. All else of the model is fitted already.
Disturbance FitDisturbance(absl::Span<const FittedRun> runs, const CostModel& model);

// Of runs in which workers had a core each, nearly at least; even without such.
UnevenCores FitUnevenCores(absl::Span<const FittedRun> runs);
// Takes out of the rows of a run by how much each worker was slower or faster than the others at the time, as far as
// more than luck is behind it.
void LevelWorkers(const UnevenCores& cores, const RunRecord& run, RunCosts* costs);

// Mean CPU of a sample of `run` relative to that of `main`, over the samples that both met; per stage, but for what
// reads from storage make of it: where the two differ in these, stages that read have the ratio of all others.
std::vector<double> CpuRatios(const FittedRun& run, const FittedRun& main);
// The same over all stages, `stretch` taken out: how many times as slowly as in the main run the host computed. Nothing
// where samples compute nothing.
std::optional<double> HostSlowness(const FittedRun& run, const FittedRun& main, double stretch);
// By how much longer the samples that both met waited in `run` than in `main`, as a logarithm, and what chance makes of
// it; nothing where they met few, or one of them read from storage more often.
struct WaitsCompared {
  double log = 0, error = 0;
};
std::optional<WaitsCompared> CompareWaits(const FittedRun& run, const FittedRun& main);
// From the samples that the main run and others both met; nothing is known without such.
OwnCosts FitOwnCosts(absl::Span<const FittedRun> runs);
// How far the host's speed may be from the fitted one in another minute, from how it moved between runs and within the
// main run, and from how far its cores are from each other's.
Uncertainty FitHostSpeed(absl::Span<const FittedRun> runs, double stretch, const UnevenCores& uneven_cores,
                         const DeviceModel& device);
// The same of how long threads wait, where nothing is shared: how late they are woken.
Uncertainty FitHostWaits(absl::Span<const FittedRun> runs);

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_FIT_FIT_H_
