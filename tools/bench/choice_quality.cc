// How sure a choice says it is, and how sure it was; and what live runs are worth, by runs that were kept.
//
//   choice_quality [--draws N] [--most K] FOLDER...      folders of `tools/bench/predict --keep`
//
// Among the settings of a folder one is chosen from the recording alone, then the run that the decision asks for is
// taken from those kept, up to K times, as `sweep --recommend --live K` does. A row for each number of live runs: in
// how many of the draws (each with runs of its own) there was another run to take, how often the choice said that it is
// within 2 % of the fastest and was, and what it said that it loses beyond that and lost. How fast settings are is
// known from the runs that were not taken, each by how much faster it was than predicted when the model is told how
// fast its host was, so that a fast minute makes no setting fast.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "replay/search/decision.h"
#include "replay/search/live_finding.h"
#include "replay/statistics.h"
#include "tools/bench/trace_or_exit.h"

namespace stallpoint {
namespace {

struct Trial {
  RunRecord run;
  double faster = 1;  // than the recording alone says, its host's speed told
};

struct Setting {
  Knobs knobs;
  double predicted_per_s = 0;  // samples, from the recording alone
  std::vector<Trial> trials;
};

struct Case {
  std::string name;
  std::vector<RunRecord> recorded;
  std::vector<Setting> settings;
};

Case LoadCase(const std::filesystem::path& folder) {
  Case loaded{folder.string(), {}, {}};
  loaded.recorded = LoadOrExit((folder / "recorded.sptrace").string()).runs;
  const auto predictor = FitOrExit(loaded.name, loaded.recorded);
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().rfind("live-", 0) == 0) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    Trial trial{LoadOrExit(path.string()).runs.back()};
    trial.run.role = RunRecord::Role::kCalibration;
    trial.faster = FindingOf(*predictor, trial.run).faster;
    const Knobs& knobs = trial.run.knobs;
    auto known = std::find_if(loaded.settings.begin(), loaded.settings.end(),
                              [&](const Setting& setting) { return setting.knobs == knobs; });
    if (known == loaded.settings.end()) {
      loaded.settings.push_back({knobs, predictor->Predict(knobs).throughput_per_s, {}});
      known = std::prev(loaded.settings.end());
    }
    known->trials.push_back(std::move(trial));
  }
  return loaded;
}

// After a number of live runs, over draws.
struct Outcome {
  int draws = 0, asked = 0, right = 0, beyond_high = 0;
  std::vector<double> said, lost, said_lost;

  void Add(const Outcome& other) {
    draws += other.draws;
    asked += other.asked;
    right += other.right;
    beyond_high += other.beyond_high;
    said.insert(said.end(), other.said.begin(), other.said.end());
    lost.insert(lost.end(), other.lost.begin(), other.lost.end());
    said_lost.insert(said_lost.end(), other.said_lost.begin(), other.said_lost.end());
  }
};

class Draw {
 public:
  Draw(const Case& of, uint64_t seed) : case_(of), taken_(of.settings.size()), random_(seed) {}

  // Of 0 and more live runs. A draw that needs no more of them, or for which no more were kept, stays as it is.
  void Take(size_t most, std::vector<Outcome>* outcomes) {
    for (size_t runs = 0; runs <= most; ++runs) {
      const auto predictor = Fitted();
      const Decision decision = Decide(*predictor);
      Outcome& outcome = (*outcomes)[runs];
      Judge(decision, &outcome);
      const std::optional<size_t> next = decision.MostTelling();
      // One run of each setting is left to tell what is right.
      if (!next || taken_[*next].size() + 1 >= case_.settings[*next].trials.size()) {
        for (size_t later = runs + 1; later <= most; ++later) Judge(decision, &(*outcomes)[later]);
        return;
      }
      ++outcome.asked;
      TakeOne(*next);
    }
  }

 private:
  std::unique_ptr<Predictor> Fitted() const {
    std::vector<RunRecord> runs = case_.recorded;
    for (size_t s = 0; s < taken_.size(); ++s) {
      for (const size_t trial : taken_[s]) runs.push_back(case_.settings[s].trials[trial].run);
    }
    return FitOrExit(case_.name, runs);
  }

  Decision Decide(const Predictor& predictor) const {
    std::vector<Prediction> predicted;
    for (const Setting& setting : case_.settings) predicted.push_back(predictor.Predict(setting.knobs));
    Decision decision(predictor, predictor.Predict(predictor.recorded()), std::move(predicted), 0);
    for (size_t s = 0; s < taken_.size(); ++s) {
      for (const size_t trial : taken_[s]) {
        const LiveFinding finding = FindingOf(predictor, case_.settings[s].trials[trial].run);
        decision.Fold(s, finding.faster, finding.noise);
      }
    }
    return decision;
  }

  void TakeOne(size_t setting) {
    std::vector<size_t> left;
    for (size_t trial = 0; trial < case_.settings[setting].trials.size(); ++trial) {
      const std::vector<size_t>& taken = taken_[setting];
      if (std::find(taken.begin(), taken.end(), trial) == taken.end()) left.push_back(trial);
    }
    taken_[setting].push_back(left[random_() % left.size()]);
  }

  void Judge(const Decision& decision, Outcome* outcome) const {
    std::vector<double> truth;  // samples a second
    for (size_t s = 0; s < taken_.size(); ++s) {
      const Setting& setting = case_.settings[s];
      std::vector<double> faster;
      for (size_t trial = 0; trial < setting.trials.size(); ++trial) {
        const bool taken = std::find(taken_[s].begin(), taken_[s].end(), trial) != taken_[s].end();
        if (!taken) faster.push_back(setting.trials[trial].faster);
      }
      truth.push_back(setting.predicted_per_s * Mean(faster));
    }
    const double enough = (1 - kAsFast) * *std::max_element(truth.begin(), truth.end());
    const double lost = std::max(0.0, 1 - truth[decision.chosen()] / enough);
    ++outcome->draws;
    outcome->right += lost > 0 ? 0 : 1;
    outcome->beyond_high += lost > decision.high_loss() ? 1 : 0;
    outcome->said.push_back(decision.chance_of_chosen());
    outcome->lost.push_back(lost);
    outcome->said_lost.push_back(decision.expected_loss());
  }

  const Case& case_;
  std::vector<std::vector<size_t>> taken_;  // trials, by setting
  std::mt19937_64 random_;
};

void Print(const std::string& name, const std::vector<Outcome>& outcomes) {
  for (size_t runs = 0; runs < outcomes.size(); ++runs) {
    const Outcome& o = outcomes[runs];
    const double draws = o.draws;
    fmt::print("{:<46} {:>4} {:>6} {:>7.0f} {:>8.0f} {:>8.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>11.0f}\n",
               runs == 0 ? name : "", runs, o.draws, 100 * o.asked / draws, 100 * Mean(o.said), 100 * o.right / draws,
               100 * Mean(o.said_lost), 100 * Mean(o.lost), 100 * *std::max_element(o.lost.begin(), o.lost.end()),
               100 * o.beyond_high / draws);
  }
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  CLI::App app("How sure choices say that they are, and are, by kept live runs");
  std::vector<std::string> folders;
  size_t draws = 3, most = 3;
  app.add_option("FOLDER", folders, "Of tools/bench/predict --keep")->required();
  app.add_option("--draws", draws, "Of which runs are taken")->capture_default_str();
  app.add_option("--most", most, "Live runs taken")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  fmt::print("{:<46} {:>4} {:>6} {:>7} {:>8} {:>8} {:>9} {:>9} {:>9} {:>11}\n", "percent", "live", "draws", "asks on",
             "says it", "is right", "says lost", "lost", "most lost", "beyond high");
  std::vector<Outcome> all(most + 1);
  for (const std::string& folder : folders) {
    const Case loaded = LoadCase(folder);
    std::vector<Outcome> outcomes(most + 1);
    for (size_t draw = 0; draw < draws; ++draw) Draw(loaded, draw).Take(most, &outcomes);
    Print(std::filesystem::path(folder).filename().string(), outcomes);
    for (size_t runs = 0; runs <= most; ++runs) all[runs].Add(outcomes[runs]);
  }
  Print("all", all);
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
