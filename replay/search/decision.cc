#include "replay/search/decision.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "replay/parallel.h"
#include "replay/search/live_finding.h"
#include "replay/search/recommend.h"
#include "replay/statistics.h"

namespace stallpoint {
namespace {

// Of log throughput, of each setting by itself: what runs on a device that does not vary differ from predictions by.
constexpr double kOwnError = 0.003;
// Doublings over which what the model gets wrong of loading changes: exp(-1/2) is left of it.
constexpr double kNeighbourhood = 1;
// A choice that is as good as any so often is left alone.
constexpr double kCertain = 0.9;
constexpr size_t kDraws = 2048;

constexpr double Day::*kTerms[] = {&Day::host_speed,  &Day::computing,  &Day::waits,    &Day::cache,
                                   &Day::device,      &Day::fixed_part, &Day::crowding, &Day::storage,
                                   &Day::disturbance, &Day::unevenness, &Day::loading};

// In doublings.
double SquaredDistance(const Knobs& a, const Knobs& b) {
  const auto doublings = [](double x, double y) { return std::log2(x / y); };
  const double batch = doublings(static_cast<double>(a.batch_size), static_cast<double>(b.batch_size));
  const double workers = doublings(1.0 + a.worker_count, 1.0 + b.worker_count);
  const double prefetch = doublings(a.prefetch_depth, b.prefetch_depth);
  const double ahead = doublings(a.steps_in_flight, b.steps_in_flight);
  return batch * batch + workers * workers + prefetch * prefetch + ahead * ahead;
}

// Lower triangle L of a positive semidefinite matrix with L L' = it, by Cholesky's method.
std::vector<double> Root(const std::vector<double>& matrix, size_t size) {
  std::vector<double> root(matrix.size(), 0);
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double rest = matrix[i * size + j];
      for (size_t k = 0; k < j; ++k) rest -= root[i * size + k] * root[j * size + k];
      if (i == j) {
        root[i * size + i] = std::sqrt(std::max(0.0, rest));
      } else {
        root[i * size + j] = root[j * size + j] > 0 ? rest / root[j * size + j] : 0;
      }
    }
  }
  return root;
}

// A standard normal number of its own for each pair (Box and Muller 1958).
double Normal(uint64_t draw, uint64_t setting) {
  const double radius = std::sqrt(-2 * std::log(Uniform(Hash(draw, 2 * setting))));
  return radius * std::cos(2 * M_PI * Uniform(Hash(draw, 2 * setting + 1)));
}

}  // namespace

Decision::Decision(const Predictor& predictor, const Prediction& recorded, std::vector<Prediction> settings,
                   int threads)
    : confidence_(predictor.options().confidence), settings_(std::move(settings)), predicted_(settings_) {
  for (size_t a = 0; a < settings_.size(); ++a) by_cost_.push_back(a);
  std::stable_sort(by_cost_.begin(), by_cost_.end(),
                   [&](size_t a, size_t b) { return Cheaper(recorded, settings_[a], settings_[b]); });
  predicted_.push_back(recorded);
  const size_t count = known(), terms = std::size(kTerms);
  const double z = TwoSidedZ(confidence_);
  std::vector<Day> days(1);
  for (const auto term : kTerms) {
    for (const double errors : {z, -z}) {
      days.emplace_back();
      days.back().*term = errors;
    }
  }
  std::vector<double> logs(count * days.size());
  ParallelFor(logs.size(), threads, nullptr, [&](size_t i) {
    logs[i] = std::log(predictor.ThroughputOn(predicted_[i / days.size()].knobs, days[i % days.size()]));
  });
  moved_.resize(count);
  for (size_t a = 0; a < count; ++a) {
    const double* of_setting = &logs[a * days.size()];
    for (size_t t = 0; t < terms; ++t) {
      moved_[a].push_back({of_setting[1 + 2 * t] - of_setting[0], of_setting[2 + 2 * t] - of_setting[0]});
    }
  }
  of_costs_.resize(count * count);
  of_model_.resize(count * count);
  for (size_t a = 0; a < count; ++a) {
    mean_.push_back(std::log(predicted_[a].throughput_per_s));
    for (size_t b = 0; b < count; ++b) {
      const double apart = SquaredDistance(predicted_[a].knobs, predicted_[b].knobs);
      const double near = std::exp(-apart / (2 * kNeighbourhood * kNeighbourhood));
      for (size_t t = 0; t < terms; ++t) {
        const double together = moved_[a][t].slope(z) * moved_[b][t].slope(z);
        if (kTerms[t] == &Day::loading) {
          of_model_[At(a, b)] += together * near;
        } else {
          of_costs_[At(a, b)] += together;
        }
      }
      if (a == b) of_model_[At(a, b)] += kOwnError * kOwnError;
    }
    prior_sd_.push_back(std::sqrt(Covariance(a, a)));
  }
  Weigh();
}

void Decision::Fold(size_t index, double faster, double noise) {
  const size_t count = known();
  const double surprise = std::log(faster * predicted_[index].throughput_per_s) - mean_[index];
  const double variance = of_model_[At(index, index)] + noise * noise;
  std::vector<double> row(count);
  for (size_t b = 0; b < count; ++b) row[b] = of_model_[At(index, b)];
  for (size_t a = 0; a < count; ++a) {
    const double gain = row[a] / variance;
    mean_[a] += gain * surprise;
    for (size_t b = 0; b < count; ++b) of_model_[At(a, b)] -= gain * row[b];
  }
  Weigh();
}

Gain Decision::gain() const {
  const Prediction& recorded = predicted_.back();
  Gain gain;
  if (settings_[chosen_].knobs == recorded.knobs || recorded.throughput_per_s <= 0) return gain;
  const size_t last = known() - 1;
  const double of_model =
      of_model_[At(chosen_, chosen_)] + of_model_[At(last, last)] - 2 * of_model_[At(chosen_, last)];
  const double z = TwoSidedZ(confidence_);
  double less = z * z * std::max(0.0, of_model), more = less;
  // Each term at both of its ends: a slow host may make one of the two wait for data, and not the other.
  for (size_t t = 0; t < std::size(kTerms); ++t) {
    if (kTerms[t] == &Day::loading) continue;
    const Moved &to = moved_[chosen_][t], &from = moved_[last][t];
    const auto [least, most] = std::minmax({0.0, to.slow - from.slow, to.fast - from.fast});
    less += least * least;
    more += most * most;
  }
  gain.expected = settings_[chosen_].throughput_per_s / recorded.throughput_per_s;
  gain.low = gain.expected * std::exp(-std::sqrt(less));
  gain.high = gain.expected * std::exp(std::sqrt(more));
  return gain;
}

std::optional<size_t> Decision::MostTelling() const {
  if (!runner_up_ || chance_of_chosen_ >= kCertain) return std::nullopt;
  // By how much each would narrow the difference of the two.
  const auto told = [&](size_t i) {
    const double together = Covariance(*runner_up_, i) - Covariance(chosen_, i);
    return together * together / (Covariance(i, i) + kUsualNoise * kUsualNoise);
  };
  return told(*runner_up_) > told(chosen_) ? *runner_up_ : chosen_;
}

void Decision::Weigh() {
  const size_t count = settings_.size();
  for (size_t a = 0; a < count; ++a) {
    const Prediction& p = predicted_[a];
    Prediction& corrected = settings_[a];
    const double faster = std::exp(mean_[a]) / p.throughput_per_s;
    const double narrower = prior_sd_[a] > 0 ? std::sqrt(std::max(0.0, Covariance(a, a))) / prior_sd_[a] : 1;
    corrected.throughput_per_s = p.throughput_per_s * faster;
    corrected.step_ms = p.step_ms / faster;
    corrected.step_ms_low = (p.step_ms - (p.step_ms - p.step_ms_low) * narrower) / faster;
    corrected.step_ms_high = (p.step_ms + (p.step_ms_high - p.step_ms) * narrower) / faster;
  }
  runner_up_ = std::nullopt;
  chance_of_runner_up_ = 0;
  std::vector<double> expected(count);
  for (size_t a = 0; a < count; ++a) expected[a] = settings_[a].throughput_per_s;
  chosen_ = ChooseAmong(expected);

  std::vector<size_t> times_chosen(count, 0);
  std::vector<double> losses;
  size_t times_right = 0;
  for (const std::vector<double>& drawn : DrawThroughputs()) {
    const double best = *std::max_element(drawn.begin(), drawn.end());
    losses.push_back(std::max(0.0, 1 - drawn[chosen_] / ((1 - kAsFast) * best)));
    if (losses.back() > 0) {
      ++times_chosen[ChooseAmong(drawn)];
    } else {
      ++times_right;
    }
  }
  chance_of_chosen_ = static_cast<double>(times_right) / kDraws;
  const auto most = std::max_element(times_chosen.begin(), times_chosen.end());
  if (*most > 0) {
    runner_up_ = static_cast<size_t>(most - times_chosen.begin());
    chance_of_runner_up_ = static_cast<double>(*most) / kDraws;
  }
  expected_loss_ = Mean(losses);
  high_loss_ = Quantile(std::move(losses), 0.9);
}

std::vector<std::vector<double>> Decision::DrawThroughputs() const {
  const size_t count = settings_.size();
  std::vector<double> covariance;
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = 0; b < count; ++b) covariance.push_back(Covariance(a, b));
  }
  const std::vector<double> root = Root(covariance, count);
  std::vector<std::vector<double>> draws(kDraws, std::vector<double>(count));
  std::vector<double> normal(count);
  for (size_t d = 0; d < kDraws; ++d) {
    for (size_t a = 0; a < count; ++a) normal[a] = Normal(d, a);
    for (size_t a = 0; a < count; ++a) {
      double log_throughput = mean_[a];
      for (size_t k = 0; k <= a; ++k) log_throughput += root[a * count + k] * normal[k];
      draws[d][a] = std::exp(log_throughput);
    }
  }
  return draws;
}

size_t Decision::ChooseAmong(const std::vector<double>& throughputs) const {
  const double enough = (1 - kAsFast) * *std::max_element(throughputs.begin(), throughputs.end());
  return *std::find_if(by_cost_.begin(), by_cost_.end(), [&](size_t a) { return throughputs[a] >= enough; });
}

}  // namespace stallpoint
