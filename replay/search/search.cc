#include "replay/search/search.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "replay/search/explored_space.h"
#include "replay/search/recommend.h"
#include "replay/search/spaced_indices.h"

namespace stallpoint {
namespace {

constexpr size_t kFirstLooks = 24;  // along an axis
constexpr size_t kFewEnough = 32;   // values of an axis that are looked at one by one
// By how much a simulated window may be luckier than the mean.
constexpr double kLuck = 0.03;
// A setting that is so little too slow is looked at again.
constexpr double kNearMiss = 0.015;
// What is faster by less is not followed.
constexpr double kWorthMoving = 0.0005;

struct Cell {
  size_t batch = 0, workers = 0;
  double per_s = 0;
};

// One question: the batch sizes to choose from, and every other axis.
class Question {
 public:
  Question(ExploredSpace& space, std::vector<size_t> batches) : space_(space), batches_(std::move(batches)) {}

  // Simulates what the answer needs. Afterwards it is the recommendation among all that was simulated.
  void Explore() {
    const Cell fastest = Fastest();
    if (fastest.per_s <= 0 || space_.ended()) return;
    enough_ = (1 - kAsFast) * fastest.per_s;
    ReachWithFewestWorkers(fastest);
  }

  double Ceiling() const {
    double ceiling = 0;
    for (const size_t batch : batches_) {
      for (size_t w = 0; w < space_.workers().size(); ++w) ceiling = std::max(ceiling, space_.CeilingOf(batch, w));
    }
    return ceiling;
  }

 private:
  double CeilingOf(size_t b, size_t w) const { return space_.CeilingOf(batches_[b], w) * (1 + kLuck); }
  double FastestThatFits(size_t b, size_t w) { return space_.FastestThatFits(batches_[b], w); }

  // Fast enough at some prefetch and steps in flight. Near the edge other prefetch may do when the most does not: its
  // window is another.
  bool Reaches(size_t b, size_t w) {
    if (CeilingOf(b, w) < enough_) return false;
    const double fastest = FastestThatFits(b, w);
    if (fastest >= enough_ || fastest < enough_ * (1 - kNearMiss)) return fastest >= enough_;
    std::vector<Place> others;
    for (const size_t p : SpacedIndices(space_.prefetches().size(), kFirstLooks)) {
      for (size_t q = 0; q < space_.in_flight().size(); ++q) others.push_back({batches_[b], w, p, q});
    }
    space_.Simulate(others);
    return std::any_of(others.begin(), others.end(), [&](const Place& place) { return FastEnough(place); });
  }

  bool FastEnough(const Place& place) {
    const Prediction* here = space_.At(place);
    return here != nullptr && Fits(*here) && here->throughput_per_s >= enough_;
  }

  // `batch` of a cell is an index into batches_ here.
  Cell Fastest() {
    std::vector<Cell> cells;
    for (const size_t b : SpacedIndices(batches_.size(), kFirstLooks)) {
      for (const size_t w : SpacedIndices(space_.workers().size(), kFirstLooks))
        cells.push_back({b, w, CeilingOf(b, w)});
    }
    // Promising ones first, so that the others are seen to be hopeless. The size of a group is no matter of threads:
    // what is simulated must not depend on them.
    std::stable_sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.per_s > b.per_s; });
    constexpr size_t kGroup = 16;
    Cell best;
    for (size_t i = 0; i < cells.size() && cells[i].per_s > best.per_s; i += kGroup) {
      Improve({cells.begin() + static_cast<std::ptrdiff_t>(i),
               cells.begin() + static_cast<std::ptrdiff_t>(std::min(i + kGroup, cells.size()))},
              &best);
    }
    return best.per_s > 0 ? ClimbFrom(best, batches_.size() / 4, space_.workers().size() / 4) : best;
  }

  bool Improve(const std::vector<Cell>& cells, Cell* best) {
    std::vector<std::array<size_t, 2>> pairs;
    for (const Cell& cell : cells) {
      if (CeilingOf(cell.batch, cell.workers) > best->per_s) pairs.push_back({cell.batch, cell.workers});
    }
    std::vector<std::array<size_t, 2>> looked_at = pairs;
    for (auto& pair : looked_at) pair[0] = batches_[pair[0]];
    space_.SimulateFirstLooks(looked_at);
    bool improved = false;
    for (const auto& [b, w] : pairs) {
      const double per_s = FastestThatFits(b, w);
      if (per_s <= best->per_s * (1 + kWorthMoving)) continue;
      *best = {b, w, per_s};
      improved = true;
    }
    return improved;
  }

  // Looks around in smaller and smaller strides.
  Cell ClimbFrom(Cell best, size_t batch_stride, size_t worker_stride) {
    while (!space_.ended()) {
      std::vector<Cell> around;
      for (const int db : {0, -1, 1}) {
        for (const int dw : {0, -1, 1}) {
          const auto b = Moved(best.batch, db, batch_stride, batches_.size());
          const auto w = Moved(best.workers, dw, worker_stride, space_.workers().size());
          if (b != best.batch || w != best.workers) around.push_back({b, w, 0});
        }
      }
      if (Improve(around, &best)) continue;
      if (batch_stride <= 1 && worker_stride <= 1) break;
      batch_stride /= 2;
      worker_stride /= 2;
    }
    return best;
  }

  static size_t Moved(size_t from, int direction, size_t stride, size_t count) {
    if (direction < 0) return from - std::min(from, stride);
    return direction == 0 ? from : std::min(count - 1, from + stride);
  }

  void ReachWithFewestWorkers(const Cell& fastest) {
    std::vector<size_t> possible;  // up to those known to do
    for (size_t w = 0; w <= fastest.workers; ++w) {
      if (MayReach(w)) possible.push_back(w);
    }
    // Of many only some are tried before the gap in front of the first that does.
    size_t from = 0;
    if (possible.size() > kFewEnough) {
      for (const size_t i : SpacedIndices(possible.size(), kFirstLooks)) {
        if (BatchThatReaches(possible[i], fastest.batch)) break;
        if (space_.ended()) return;
        from = i + 1;
      }
    }
    for (size_t i = from; i < possible.size() && !space_.ended(); ++i) {
      if (const auto batch = BatchThatReaches(possible[i], fastest.batch)) {
        NeedLeastMemory(possible[i], *batch);
        return;
      }
    }
  }

  bool MayReach(size_t w) const {
    for (size_t b = 0; b < batches_.size(); ++b) {
      if (CeilingOf(b, w) >= enough_) return true;
    }
    return false;
  }

  std::optional<size_t> BatchThatReaches(size_t w, size_t likely) {
    if (Reaches(likely, w)) return likely;
    if (batches_.size() == 1) return std::nullopt;
    Cell best{likely, w, FastestThatFits(likely, w)};
    std::vector<Cell> others;
    for (const size_t b : SpacedIndices(batches_.size(), kFirstLooks)) {
      if (CeilingOf(b, w) >= enough_) others.push_back({b, w, 0});
    }
    Improve(others, &best);
    if (best.per_s < enough_) best = ClimbFrom(best, batches_.size() / 4, 0);
    return Reaches(best.batch, w) ? std::optional<size_t>(best.batch) : std::nullopt;
  }

  // With these workers, of which `reaching` is a batch that is fast enough: smaller batches and less prefetch.
  void NeedLeastMemory(size_t w, size_t reaching) {
    const size_t smallest = First(0, reaching, [&](size_t b) { return Reaches(b, w); });
    for (size_t q = 0; q < space_.in_flight().size(); ++q) {
      const auto reaches = [&](size_t b, size_t p) { return FastEnough({batches_[b], w, p, q}); };
      const size_t depths = space_.workers()[w] == 0 ? 1 : space_.prefetches().size();
      for (const size_t p : SpacedIndices(depths, kFewEnough)) {
        if (space_.ended()) return;
        if (reaches(smallest, p)) {  // more prefetch is only more memory
          First(0, p, [&](size_t less) { return reaches(smallest, less); });
          break;
        }
        if (reaches(reaching, p)) First(smallest, reaching, [&](size_t b) { return reaches(b, p); });
      }
    }
  }

  // The first of from ... to for which `holds`, which does not hold before and does after; `to` is known to.
  template <typename Holds>
  static size_t First(size_t from, size_t to, Holds holds) {
    while (from < to) {
      const size_t middle = from + (to - from) / 2;
      if (holds(middle)) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return to;
  }

  ExploredSpace& space_;
  const std::vector<size_t> batches_;  // indices of the space's axis
  double enough_ = 0;
};

uint64_t SizeOf(const SweepRanges& ranges) {
  uint64_t size = 1;
  for (const size_t values :
       {ranges.batch_size.size(), ranges.worker_count.size(), ranges.prefetch_depth.size(),
        ranges.steps_in_flight.size(), ranges.host_limit_bytes.size(), ranges.device_limit_bytes.size()}) {
    if (__builtin_mul_overflow(size, std::max<uint64_t>(1, values), &size)) return std::numeric_limits<uint64_t>::max();
  }
  return size;
}

// The recorded setting is a candidate, too, unless limits were asked for, under which it may not do.
std::optional<SearchAnswer> AnswerOf(const ExploredSpace& space, const Prediction& recorded, bool any_limit,
                                     const std::vector<size_t>& batches, double ceiling_per_s) {
  std::vector<const Prediction*> candidates;
  for (const auto& [place, prediction] : space.simulated()) {
    if (std::binary_search(batches.begin(), batches.end(), place.batch) && Fits(prediction)) {
      candidates.push_back(&prediction);
    }
  }
  if (!any_limit && Fits(recorded)) candidates.push_back(&recorded);
  if (candidates.empty()) return std::nullopt;
  SearchAnswer answer;
  answer.chosen = *Choose(recorded, candidates);
  answer.ceiling_per_s = ceiling_per_s;
  for (const Prediction* p : candidates) answer.best_per_s = std::max(answer.best_per_s, p->throughput_per_s);
  return answer;
}

// Indices of the batch axis that the ranges name.
std::vector<size_t> NamedBatches(const ExploredSpace& space, const std::vector<int64_t>& named) {
  std::vector<size_t> indices;
  for (size_t b = 0; b < space.batches().size(); ++b) {
    if (std::find(named.begin(), named.end(), space.batches()[b]) != named.end()) indices.push_back(b);
  }
  return indices;
}

}  // namespace

SearchResult Search(const Predictor& predictor, const SweepRanges& ranges, const SearchOptions& options) {
  ExploredSpace space(predictor, ranges, options.threads, [&](size_t simulated, double best_per_s) {
    return !options.keep_going || options.keep_going({simulated, best_per_s});
  });
  const Prediction recorded = predictor.Estimate(predictor.recorded());
  const bool any_limit = !ranges.host_limit_bytes.empty() || !ranges.device_limit_bytes.empty();
  const auto answer = [&](std::vector<size_t> batches) {
    Question question(space, batches);
    question.Explore();
    return AnswerOf(space, recorded, any_limit, batches, question.Ceiling());
  };
  SearchResult result;
  result.settings = SizeOf(ranges);
  result.same_batch = answer({space.recorded_batch()});
  if (!ranges.batch_size.empty()) result.any_batch = answer(NamedBatches(space, ranges.batch_size));
  result.complete = !space.ended();
  result.simulated = space.simulated().size();
  for (const auto& [place, prediction] : space.simulated()) {
    if (Fits(prediction)) result.fitting.push_back(prediction);
  }
  return result;
}

}  // namespace stallpoint
