// How sure the choice among a few settings is, what being wrong costs, and which of them a live run would tell most
// about.
//
// Log throughputs are jointly normal around their predictions. They vary with the terms of a Day, linearly between the
// ends of each, which settings have in common, so that their difference is known better than either. What the model
// gets wrong of loading is common to neighbours only (a Gaussian process over doublings of batch size, workers and
// prefetch: Rasmussen and Williams, "Gaussian Processes for Machine Learning", ch. 2). What a live run says of costs, a
// predictor that is fitted with it knows; what that predictor still gets wrong of it is folded in here, by conditioning
// on it what the model gets wrong, so that no run counts twice. Chances are shares of draws from that distribution in
// which the rule of recommend.h chooses otherwise; the draws are the same ones every time.
//
// Not thread-safe.
#ifndef STALLPOINT_REPLAY_SEARCH_DECISION_H_
#define STALLPOINT_REPLAY_SEARCH_DECISION_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "replay/predict/predictor.h"
#include "replay/prediction.h"

namespace stallpoint {

class Decision {
 public:
  // `settings`: at least one, different, fitting; as predicted by `predictor`, with intervals. `recorded` breaks ties
  // as in Cheaper. Simulates each setting two dozen times, on `threads` threads.
  Decision(const Predictor& predictor, const Prediction& recorded, std::vector<Prediction> settings, int threads);

  // That setting `index` made `faster` times as many samples a second in a live run as the predictor, which was fitted
  // with that run, says of it (FindingOf). Another run would repeat that but for `noise`, a standard deviation.
  void Fold(size_t index, double faster, double noise);

  // As predicted, corrected by what was folded in, intervals narrowed likewise.
  const std::vector<Prediction>& settings() const { return settings_; }
  // Index of the recommendation.
  size_t chosen() const { return chosen_; }
  // The setting that is most likely to be the one to take where the chosen one is not; nothing when it always is.
  std::optional<size_t> runner_up() const { return runner_up_; }
  // That no other setting is faster by more than the kAsFast that the rule gives away. That another would have done
  // with less, and is as fast, is not held against it.
  double chance_of_chosen() const { return chance_of_chosen_; }
  // That one is, and this is the one to take.
  double chance_of_runner_up() const { return chance_of_runner_up_; }
  // Share of the throughput that taking the chosen one loses against the best, beyond kAsFast: mean, and what nine of
  // ten draws do not exceed.
  double expected_loss() const { return expected_loss_; }
  double high_loss() const { return high_loss_; }
  // Of the chosen one over the recorded setting, with what was folded in.
  Gain gain() const;
  // Which of the chosen one and the runner-up to run; nothing when the decision is as good as certain.
  std::optional<size_t> MostTelling() const;

 private:
  // What a term at either end of its interval does to the log of a setting's throughput.
  struct Moved {
    double slow = 0, fast = 0;

    // Of a standard error of it, of which `z` make an end.
    double slope(double z) const { return (slow - fast) / (2 * z); }
  };

  // The recorded setting comes last: it moves with the others, and is chosen only where it is one of them.
  size_t known() const { return predicted_.size(); }
  size_t At(size_t a, size_t b) const { return a * known() + b; }
  double Covariance(size_t a, size_t b) const { return of_costs_[At(a, b)] + of_model_[At(a, b)]; }
  void Weigh();
  std::vector<std::vector<double>> DrawThroughputs() const;
  size_t ChooseAmong(const std::vector<double>& throughputs) const;

  const double confidence_;
  std::vector<Prediction> settings_;
  std::vector<Prediction> predicted_;      // settings as predicted, and the recorded one
  std::vector<size_t> by_cost_;            // cheapest first
  std::vector<double> mean_;               // of the log of samples per second
  std::vector<std::vector<Moved>> moved_;  // each setting by each term
  // Covariances of these logs, row by row: by what is unsure of costs, and by what the model gets wrong.
  std::vector<double> of_costs_, of_model_;
  std::vector<double> prior_sd_;

  size_t chosen_ = 0;
  std::optional<size_t> runner_up_;
  double chance_of_chosen_ = 1, chance_of_runner_up_ = 0, expected_loss_ = 0, high_loss_ = 0;
};

// Of a setting over the recorded one, both as predicted.
inline Gain GainOf(const Predictor& predictor, const Prediction& recorded, const Prediction& setting, int threads = 0) {
  return Decision(predictor, recorded, {setting}, threads).gain();
}

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_SEARCH_DECISION_H_
