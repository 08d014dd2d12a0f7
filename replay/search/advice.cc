#include "replay/search/advice.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "replay/parallel.h"
#include "replay/search/recommend.h"
#include "replay/search/stall_points.h"

namespace stallpoint {
namespace {

// Settings that a decision is made among.
constexpr size_t kMostWeighed = 20;
// Slower ones than this share of the best have no chance.
constexpr double kNoChance = 0.75;
// Looked at first for stall points.
constexpr size_t kValuesOfAnAxis = 12;

double DoublingsApart(const Knobs& a, const Knobs& b) {
  return std::abs(std::log2(static_cast<double>(a.batch_size) / static_cast<double>(b.batch_size))) +
         std::abs(std::log2((1.0 + a.worker_count) / (1.0 + b.worker_count)));
}

template <typename Field>
void AddNeighbours(const Knobs& around, Field Knobs::*field, std::vector<int64_t> values, std::vector<Knobs>* knobs) {
  std::sort(values.begin(), values.end());
  const auto here = std::find(values.begin(), values.end(), static_cast<int64_t>(around.*field));
  if (here == values.end()) return;
  for (const int step : {-2, -1, 1, 2}) {
    const auto index = (here - values.begin()) + step;
    if (index < 0 || index >= static_cast<std::ptrdiff_t>(values.size())) continue;
    knobs->push_back(around);
    knobs->back().*field = static_cast<Field>(values[static_cast<size_t>(index)]);
  }
}

class Adviser {
 public:
  Adviser(const Predictor& predictor, const SweepRanges& ranges, const std::vector<LiveFinding>& findings, int threads)
      : predictor_(predictor), ranges_(ranges), findings_(findings), threads_(threads) {
    for (const LiveFinding& finding : findings) {
      if (finding.kind == LiveFinding::Kind::kOutOfMemory) too_large_.push_back(predictor.Estimate(finding.knobs));
    }
  }

  // The setting with all its figures, decided among its rivals; nothing when none is left.
  std::optional<Choice> Decide(const SearchResult& search, const std::optional<SearchAnswer>& answer, bool any_batch,
                               const Prediction& recorded, Advice* advice) {
    if (!answer) return std::nullopt;
    std::vector<Prediction> rivals = Rivals(search, *answer, any_batch, recorded);
    if (rivals.empty()) return std::nullopt;
    Decision decision(predictor_, recorded, std::move(rivals), threads_);
    for (const LiveFinding& finding : findings_) {
      if (finding.kind != LiveFinding::Kind::kThroughput) continue;
      for (size_t i = 0; i < decision.settings().size(); ++i) {
        if (decision.settings()[i].knobs == finding.knobs) decision.Fold(i, finding.faster, finding.noise);
      }
    }
    const std::vector<Prediction>& settings = decision.settings();
    Choice choice;
    choice.chosen = settings[decision.chosen()];
    std::vector<const Prediction*> all;
    for (const Prediction& p : settings) all.push_back(&p);
    choice.recommendation = Recommend(recorded, choice.chosen, all);
    choice.recommendation.throughput_gain = decision.gain();
    choice.chance = decision.chance_of_chosen();
    if (decision.runner_up()) {
      choice.runner_up = RunnerUp{settings[*decision.runner_up()], decision.chance_of_runner_up()};
    }
    choice.expected_loss = decision.expected_loss();
    choice.high_loss = decision.high_loss();
    choice.ceiling_per_s = std::max(answer->ceiling_per_s, answer->best_per_s);
    const auto next = decision.MostTelling();
    advice->next = next ? std::optional<Knobs>(settings[*next].knobs) : std::nullopt;
    for (const Prediction& p : settings) {
      if (std::none_of(advice->weighed.begin(), advice->weighed.end(),
                       [&](const Prediction& known) { return known.knobs == p.knobs; })) {
        advice->weighed.push_back(p);
      }
    }
    return choice;
  }

 private:
  // Fits, and neither failed nor takes as much as what did not fit.
  bool Allowed(const Prediction& p) const {
    if (!Fits(p)) return false;
    for (const LiveFinding& finding : findings_) {
      if (finding.kind == LiveFinding::Kind::kFailed && finding.knobs == p.knobs) return false;
    }
    return std::none_of(too_large_.begin(), too_large_.end(), [&](const Prediction& large) {
      return p.knobs == large.knobs || (p.host_memory_bytes.value_or(0) >= large.host_memory_bytes.value_or(0) &&
                                        p.device_memory_bytes.value_or(0) >= large.device_memory_bytes.value_or(0));
    });
  }

  // The answer, its neighbours on every axis, what was run, and the fastest of each pair of batch and workers near it.
  std::vector<Prediction> Rivals(const SearchResult& search, const SearchAnswer& answer, bool any_batch,
                                 const Prediction& recorded) const {
    const auto asked = [&](const Knobs& knobs) {
      return any_batch || knobs.batch_size == predictor_.recorded().batch_size;
    };
    std::vector<const Prediction*> allowed;
    for (const Prediction& p : search.fitting) {
      if (asked(p.knobs) && Allowed(p)) allowed.push_back(&p);
    }
    if (Allowed(answer.chosen)) allowed.push_back(&answer.chosen);
    if (allowed.empty()) return {};
    const Knobs center = Choose(recorded, allowed)->knobs;
    double best = 0;
    for (const Prediction* p : allowed) best = std::max(best, p->throughput_per_s);

    std::vector<Knobs> rivals = {center};
    AddNeighbours(center, &Knobs::worker_count, ranges_.worker_count, &rivals);
    if (center.worker_count > 0) AddNeighbours(center, &Knobs::prefetch_depth, ranges_.prefetch_depth, &rivals);
    if (any_batch) AddNeighbours(center, &Knobs::batch_size, ranges_.batch_size, &rivals);
    const auto add = [&rivals](const Knobs& knobs) {
      if (std::find(rivals.begin(), rivals.end(), knobs) == rivals.end()) rivals.push_back(knobs);
    };
    for (const LiveFinding& finding : findings_) {
      if (asked(finding.knobs)) add(finding.knobs);
    }
    std::stable_sort(allowed.begin(), allowed.end(), [&](const Prediction* a, const Prediction* b) {
      const double near_a = DoublingsApart(a->knobs, center), near_b = DoublingsApart(b->knobs, center);
      return near_a != near_b ? near_a < near_b : a->throughput_per_s > b->throughput_per_s;
    });
    const Prediction* before = nullptr;
    for (const Prediction* p : allowed) {
      const bool same_pair = before != nullptr && before->knobs.batch_size == p->knobs.batch_size &&
                             before->knobs.worker_count == p->knobs.worker_count;
      before = p;
      if (same_pair || p->throughput_per_s < kNoChance * best || rivals.size() >= kMostWeighed) continue;
      add(p->knobs);
    }
    std::vector<Prediction> predicted(rivals.size());
    ParallelFor(rivals.size(), threads_, nullptr, [&](size_t i) { predicted[i] = predictor_.Predict(rivals[i]); });
    predicted.erase(
        std::remove_if(predicted.begin(), predicted.end(), [&](const Prediction& p) { return !Allowed(p); }),
        predicted.end());
    return predicted;
  }

  const Predictor& predictor_;
  const SweepRanges& ranges_;
  const std::vector<LiveFinding>& findings_;
  const int threads_;
  std::vector<Prediction> too_large_;
};

// The least limits of the ranges under which the setting fits and is as fast, for it was searched under the largest.
void LowerLimits(const Predictor& predictor, const SweepRanges& ranges, Choice* choice) {
  const auto lower = [&](std::vector<uint64_t> limits, uint64_t Knobs::*field) {
    std::sort(limits.begin(), limits.end());
    for (const uint64_t limit : limits) {
      Knobs knobs = choice->chosen.knobs;
      knobs.*field = limit;
      const Prediction under = predictor.Estimate(knobs);
      if (!Fits(under) || under.throughput_per_s < (1 - kAsFast) * choice->chosen.throughput_per_s) continue;
      choice->chosen.knobs.*field = choice->recommendation.knobs.*field = limit;
      choice->chosen.p_out_of_memory = under.p_out_of_memory;
      return;
    }
  };
  lower(ranges.host_limit_bytes, &Knobs::host_limit_bytes);
  lower(ranges.device_limit_bytes, &Knobs::device_limit_bytes);
}

}  // namespace

Advice Advise(const Predictor& predictor, const SweepRanges& ranges, const std::vector<LiveFinding>& findings,
              const SearchOptions& options) {
  Advice advice;
  advice.recorded = predictor.Predict(predictor.recorded());
  const SearchResult search = Search(predictor, ranges, options);
  advice.settings = search.settings;
  advice.simulated = search.simulated;
  advice.complete = search.complete;
  Adviser adviser(predictor, ranges, findings, options.threads);
  advice.same_batch = adviser.Decide(search, search.same_batch, false, advice.recorded, &advice);
  if (!ranges.batch_size.empty()) {
    advice.any_batch = adviser.Decide(search, search.any_batch, true, advice.recorded, &advice);
  }
  for (std::optional<Choice>* choice : {&advice.same_batch, &advice.any_batch}) {
    if (*choice) LowerLimits(predictor, ranges, &**choice);
  }
  if (advice.complete) {
    advice.stall_points = FindStallPoints(predictor.recorded(), ranges, predictor.options().threshold, kValuesOfAnAxis,
                                          [&](const Knobs& knobs) { return predictor.Estimate(knobs); });
  }
  return advice;
}

}  // namespace stallpoint
