// How unevenly fast the cores of the workers were, from how far each worker is from the others in batches loaded at
// about the same time.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/fit/run_costs.h"
#include "replay/fit/run_rows.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr size_t kMostLags = 32;
constexpr double kShortestNs = 0.1e9, kLongestNs = 100e9;
constexpr int kLengthsTried = 31;
// Standard errors. On hosts with uneven cores it is 10 and more, on others less than 1.
constexpr double kErrorsToBelieve = 3;

double CpuOfSample(const BatchRecord& batch) {
  return static_cast<double>(batch.load.cpu_ns) / static_cast<double>(batch.samples);
}

// One batch of each worker in a row.
struct Round {
  size_t first = 0;         // batch
  std::vector<double> off;  // by worker, how far from their mean
  double begin_ns = 0;
};

// Nothing in `off` where the batches from `first` on are not one of each worker.
Round RoundFrom(const RunRecord& run, size_t first) {
  const auto workers = static_cast<size_t>(run.knobs.worker_count);
  Round round;
  round.first = first;
  round.begin_ns = static_cast<double>(run.batches[first].load_begin_ns);
  round.off.assign(workers, -1);
  double sum = 0;
  for (size_t b = first; b < first + workers; ++b) {
    const BatchRecord& batch = run.batches[b];
    const bool known = Loaded(batch) && batch.worker >= 0 && batch.worker < run.knobs.worker_count;
    if (!known || round.off[batch.worker] >= 0) return {};
    sum += round.off[batch.worker] = CpuOfSample(batch);
  }
  if (sum <= 0) return {};
  for (double& cpu : round.off) cpu = cpu / (sum / static_cast<double>(workers)) - 1;
  return round;
}

// None where workers have no core each, and the speed is no worker's.
std::vector<Round> RoundsOf(const RunRecord& run) {
  std::vector<Round> rounds;
  const auto workers = static_cast<size_t>(std::max(0, run.knobs.worker_count));
  if (workers < 2 || run.knobs.worker_count > run.usable_cores) return rounds;
  for (size_t first = 0; first + workers <= run.batches.size();) {
    Round round = RoundFrom(run, first);
    first += round.off.empty() ? 1 : workers;
    if (round.off.empty()) continue;
    // Workers begin in any order.
    if (!rounds.empty()) round.begin_ns = std::max(round.begin_ns, rounds.back().begin_ns);
    rounds.push_back(std::move(round));
  }
  return rounds;
}

// What workers are off by in rounds of one distance in time, multiplied, in the mean. Never of a round by itself: what
// samples differ by is in that, and nowhere else.
struct Likeness {
  double apart_ns = 0, product = 0, count = 0;
  double squared = 0;  // variance of what they are off by, in the run
};

// Of what workers are off by in a round, luck and all.
double VarianceOf(const std::vector<Round>& rounds) {
  double squares = 0, count = 0;
  for (const Round& round : rounds) {
    for (const double off : round.off) squares += off * off;
    count += static_cast<double>(round.off.size() - 1);
  }
  return count > 0 ? squares / count : 0;
}

void Compare(const std::vector<Round>& rounds, std::vector<Likeness>* likenesses) {
  const double variance = VarianceOf(rounds);
  for (size_t lag = 1; lag <= kMostLags && lag < rounds.size(); ++lag) {
    Likeness likeness;
    for (size_t r = 0; r + lag < rounds.size(); ++r) {
      const std::vector<double>&one = rounds[r].off, &other = rounds[r + lag].off;
      for (size_t w = 0; w < one.size(); ++w) likeness.product += one[w] * other[w];
      // A worker is part of the mean that it is off from.
      likeness.count += static_cast<double>(one.size() - 1);
      likeness.apart_ns += rounds[r + lag].begin_ns - rounds[r].begin_ns;
    }
    likeness.squared = variance;
    likeness.product /= likeness.count;
    likeness.apart_ns /= static_cast<double>(rounds.size() - lag);
    likenesses->push_back(likeness);
  }
}

}  // namespace

UnevenCores FitUnevenCores(absl::Span<const FittedRun> runs) {
  std::vector<Likeness> likenesses;
  for (const FittedRun& fitted : runs) Compare(RoundsOf(*fitted.run), &likenesses);
  UnevenCores cores;
  double least = INFINITY;
  for (int i = 0; i < kLengthsTried; ++i) {
    const double lasts_ns = kShortestNs * std::pow(kLongestNs / kShortestNs, i / (kLengthsTried - 1.0));
    double together = 0, squares = 0, all = 0, luck = 0;
    for (const Likeness& of : likenesses) {
      const double left = std::exp(-of.apart_ns / lasts_ns);
      together += of.count * left * of.product;
      squares += of.count * left * left;
      all += of.count * of.product * of.product;
      luck += of.count * left * left * of.squared * of.squared;
    }
    if (together <= 0) continue;
    const double unexplained = all - together * together / squares;
    if (unexplained >= least) continue;
    least = unexplained;
    // Squares of the variance that is found, and of its standard error were all of it luck.
    const double variance = together / squares, found = variance * variance, error = luck / (squares * squares);
    const bool luck_explains_it = found < kErrorsToBelieve * kErrorsToBelieve * error;
    cores = {luck_explains_it ? 0 : std::sqrt(variance), lasts_ns};
  }
  return cores;
}

void LevelWorkers(const UnevenCores& cores, const RunRecord& run, RunCosts* costs) {
  const std::vector<Round> rounds = RoundsOf(run);
  if (rounds.empty() || cores.spread <= 0) return;
  const auto workers = static_cast<size_t>(run.knobs.worker_count);
  const double lasting = cores.spread * cores.spread;
  const double luck = std::max(0.0, VarianceOf(rounds) - lasting);
  std::vector<double> slowness(run.batches.size(), 1), sum(workers, 0);
  size_t from = 0, to = 0;
  for (const Round& round : rounds) {
    for (; to < rounds.size() && rounds[to].begin_ns <= round.begin_ns + cores.lasts_ns / 2; ++to) {
      for (size_t w = 0; w < workers; ++w) sum[w] += rounds[to].off[w];
    }
    for (; rounds[from].begin_ns < round.begin_ns - cores.lasts_ns / 2; ++from) {
      for (size_t w = 0; w < workers; ++w) sum[w] -= rounds[from].off[w];
    }
    const auto near = static_cast<double>(to - from);
    const double told = lasting / (lasting + luck / near);
    for (size_t b = round.first; b < round.first + workers; ++b) {
      slowness[b] = 1 + told * sum[run.batches[b].worker] / near;
    }
  }
  for (size_t row = 0; row < costs->rows.size(); ++row) {
    for (Demand& stage : costs->rows[row]) stage.cpu /= slowness[costs->batch_of_row[row]];
  }
}

std::vector<double> WorkerSlowness(const RunRecord& run) {
  if (run.knobs.worker_count < 2) return {};
  const auto workers = static_cast<size_t>(run.knobs.worker_count);
  std::vector<std::vector<double>> of_worker(workers);
  const size_t primed = workers * static_cast<size_t>(run.knobs.prefetch_depth);
  for (size_t b = primed; b < run.batches.size(); ++b) {
    const BatchRecord& batch = run.batches[b];
    if (!Loaded(batch) || batch.worker < 0 || batch.worker >= run.knobs.worker_count) continue;
    of_worker[batch.worker].push_back(CpuOfSample(batch));
  }
  std::vector<double> means;
  double luck = 0;
  for (const std::vector<double>& batches : of_worker) {
    if (batches.size() < 2) return {};
    means.push_back(Mean(batches));
    luck += std::pow(StandardDeviation(batches), 2) / static_cast<double>(batches.size() * workers);
  }
  const double mean = Mean(means), variance = std::pow(StandardDeviation(means), 2);
  if (mean <= 0 || variance <= luck) return {};
  std::vector<double> slowness;
  for (const double of_one : means) slowness.push_back(1 + (of_one / mean - 1) * (1 - luck / variance));
  return slowness;
}

}  // namespace stallpoint
