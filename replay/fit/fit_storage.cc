// How many reads storage serves at a time.
//
// What a read gets done while n of them wait is its share: min(1, S/n) of its speed alone. So the work of all reads of
// a run, the integral of min(n, S) over time, is known from how many waited at each instant, and per read it is the
// same in every run, whatever else differed: S is the number for which it is. No simulation, no assumption on workers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

constexpr size_t kMostReads = 200'000;
// What mean waits of runs differ by when nothing is shared.
constexpr double kWaitNoise = 0.035;
// What disturbance makes of the logarithm of a run's mean wait, at most.
constexpr double kLargestDisturbance = 0.2;
// Squares that a limit has to explain before it is believed: three standard deviations.
constexpr double kBelieved = 9;
constexpr double kStep = 1.02;  // between the limits that are tried
// Part of the reading time in which at least so many waited, for so many to have been seen.
constexpr double kSeenShare = 0.05;
constexpr double kUnlimited = std::numeric_limits<double>::infinity();
// A limit that was not seen is anywhere within so many decades beyond the reads that were.
constexpr double kDecades = 3;

// How many reads of a run waited at a time.
struct ReadLoad {
  std::vector<double> time_ns;  // [n - 1]: with n of them
  double reads = 0;
  double error = 0;    // standard, of their mean wait, relative
  double to_main = 1;  // how long they waited to how long the main run's did

  double Total(double streams) const {
    double total = 0;
    for (size_t i = 0; i < time_ns.size(); ++i) total += time_ns[i] * std::min(static_cast<double>(i + 1), streams);
    return total;
  }
  // Mean wait of a read that has the storage for itself, if it serves so many.
  double Alone(double streams) const { return Total(streams) / reads; }

  double MostSeen() const {
    double all = 0, beyond = 0;
    for (const double time : time_ns) all += time;
    for (size_t i = time_ns.size(); i > 0; --i) {
      beyond += time_ns[i - 1];
      if (beyond >= kSeenShare * all) return static_cast<double>(i);
    }
    return 1;
  }
};

// Of each batch, when the next of its samples begins, and what lies between two of them: a batch's samples follow each
// other, and it is loaded for longer than their stages take.
struct PlaceInRun {
  double at = -1, between = 0;  // ns
};

std::vector<PlaceInRun> PlacesInRun(const RunRecord& run) {
  std::vector<PlaceInRun> places(run.batches.size());
  for (size_t b = 0; b < places.size(); ++b) {
    const BatchRecord& batch = run.batches[b];
    places[b] = {static_cast<double>(batch.load_begin_ns),
                 static_cast<double>(batch.load.wall_ns) - static_cast<double>(batch.collate.wall_ns)};
  }
  for (size_t i = 0; i < run.samples.size(); ++i) {
    const int64_t b = run.samples[i].batch;
    if (b < 0 || b >= static_cast<int64_t>(places.size())) continue;
    for (const StageCost& cost : run.CostsOfSample(i)) places[b].between -= static_cast<double>(cost.wall_ns);
  }
  for (size_t b = 0; b < places.size(); ++b) {
    places[b].between = std::max(0.0, places[b].between) / std::max(1, run.batches[b].samples);
  }
  return places;
}

// A stage waits before it computes.
ReadLoad Measure(const FittedRun& fitted, bool only_cold) {
  ReadLoad load;
  const RunRecord& run = *fitted.run;
  if (run.sample_stages.empty()) return load;
  const std::vector<bool>& reads = fitted.costs.reads;
  std::vector<PlaceInRun> places = PlacesInRun(run);
  std::vector<std::pair<double, int>> edges;
  double sum = 0, squares = 0;
  size_t row = 0;  // of the costs, without pauses: one for each sample of a known batch
  for (size_t i = 0; i < std::min(run.samples.size(), kMostReads); ++i) {
    const int64_t b = run.samples[i].batch;
    if (b < 0 || b >= static_cast<int64_t>(places.size())) continue;
    const bool counts = !only_cold || fitted.costs.cold[row];
    const std::vector<Demand>& demands = fitted.costs.rows[row++];
    double& at = places[b].at;
    if (at < 0) continue;
    const absl::Span<const StageCost> costs = run.CostsOfSample(i);
    double waited = 0;
    for (size_t s = 0; s < costs.size(); ++s) {
      if (counts && reads[s] && demands[s].wait > 0) {
        edges.emplace_back(at, 1);
        edges.emplace_back(at + demands[s].wait, -1);
        waited += demands[s].wait;
      }
      at += static_cast<double>(costs[s].wall_ns);
    }
    at += places[b].between;
    if (!counts) continue;
    ++load.reads;
    sum += waited;
    squares += waited * waited;
  }
  std::sort(edges.begin(), edges.end());
  int waiting = 0;
  for (size_t i = 0; i < edges.size(); ++i) {
    if (waiting > 0) {
      if (load.time_ns.size() < static_cast<size_t>(waiting)) load.time_ns.resize(static_cast<size_t>(waiting), 0);
      load.time_ns[static_cast<size_t>(waiting) - 1] += edges[i].first - edges[i - 1].first;
    }
    waiting += edges[i].second;
  }
  if (sum > 0) {
    const double mean = sum / load.reads;
    load.error = std::sqrt(std::max(0.0, squares / load.reads / (mean * mean) - 1) / load.reads);
  }
  return load;
}

// Whether most of the time that reads wait is known to be for storage: then nothing else tells of it.
bool ColdOnesWait(absl::Span<const FittedRun> runs) {
  double cold = 0, all = 0;
  for (const FittedRun& fitted : runs) {
    const std::vector<bool>& reads = fitted.costs.reads;
    for (size_t row = 0; row < fitted.costs.rows.size(); ++row) {
      for (size_t s = 0; s < reads.size(); ++s) {
        if (!reads[s]) continue;
        all += fitted.costs.rows[row][s].wait;
        cold += fitted.costs.cold[row] ? fitted.costs.rows[row][s].wait : 0;
      }
    }
  }
  return cold > all / 2;
}

// How unequal the reads' work is over the runs: squares in units of what chance explains.
double Unequal(const std::vector<ReadLoad>& loads, double streams) {
  double weights = 0, sum = 0, squares = 0;
  for (const ReadLoad& load : loads) {
    const double weight = 1 / (kWaitNoise * kWaitNoise + load.error * load.error);
    const double work = std::log(load.Alone(streams));
    weights += weight;
    sum += weight * work;
    squares += weight * work * work;
  }
  return squares - sum * sum / weights;
}

// Of the samples that both met: a short run meets the first ones, and these may wait for longer than others do. Where
// that is not known, of all.
double ToMain(const FittedRun& run, const ReadLoad& load, const FittedRun& main, const ReadLoad& of_main,
              bool only_cold) {
  if (!only_cold) {
    if (const auto compared = CompareWaits(run, main)) return std::exp(compared->log);
  }
  return load.Alone(kUnlimited) / of_main.Alone(kUnlimited);
}

// What the main run's reads, which come first, would have waited alone, to what they waited: what was usual in all
// runs, for any one may have been disturbed. Where runs differ by more than disturbance, as on a cold and a warm page
// cache, the main run's own.
double AloneToWaited(const std::vector<ReadLoad>& loads, double streams) {
  std::vector<double> alone;
  for (const ReadLoad& load : loads) alone.push_back(load.to_main * load.Alone(streams) / load.Alone(kUnlimited));
  const double usual = Median(alone);
  return std::abs(std::log(usual / alone.front())) < kLargestDisturbance ? usual : alone.front();
}

}  // namespace

double Storage::StreamsAt(double errors) const {
  if (std::isfinite(streams)) return std::max(1.0, streams * std::exp(-errors * error));
  if (errors <= 0 || !std::isfinite(seen)) return streams;
  return seen * std::pow(10.0, kDecades * (1 - NormalCdf(errors)));
}

Storage FitStorage(absl::Span<const FittedRun> runs) {
  const bool only_cold = ColdOnesWait(runs);
  std::vector<ReadLoad> loads;
  for (const FittedRun& fitted : runs) {
    ReadLoad load = Measure(fitted, only_cold);
    const bool is_main = fitted.run == runs.front().run;
    // Waits that cost nothing share nothing.
    if (load.reads == 0 || load.Alone(kUnlimited) < DemandTape::kShortWaitNs) {
      if (is_main) return {};
      continue;
    }
    if (!loads.empty()) load.to_main = ToMain(fitted, load, runs.front(), loads.front(), only_cold);
    loads.push_back(std::move(load));
  }
  Storage storage;
  storage.seen = 1;
  for (const ReadLoad& load : loads) storage.seen = std::max(storage.seen, load.MostSeen());
  double best = 1, least = Unequal(loads, 1);
  for (double streams = 1; streams < storage.seen; streams *= kStep) {
    const double unequal = Unequal(loads, streams);
    if (unequal < least) {
      best = streams;
      least = unequal;
    }
  }
  if (Unequal(loads, kUnlimited) - least < kBelieved) {
    storage.alone = AloneToWaited(loads, kUnlimited);
    return storage;
  }
  double low = best, high = best;
  while (low > 1 && Unequal(loads, low) < least + 1) low /= kStep;
  while (high < storage.seen && Unequal(loads, high) < least + 1) high *= kStep;
  storage.streams = best;
  storage.error = std::log(high / low) / 2;
  storage.alone = AloneToWaited(loads, best);
  return storage;
}

}  // namespace stallpoint
