#include "tools/program/recommend.h"

#include <chrono>
#include <memory>
#include <utility>

#include "fmt/core.h"
#include "replay/predict/predictor.h"
#include "replay/search/live_finding.h"
#include "tools/program/live_request.h"
#include "tools/program/prediction_table.h"
#include "tools/program/progress.h"
#include "tools/program/text.h"
#include "traces/outcome.h"
#include "traces/run_summary.h"

namespace stallpoint {
namespace {

using Seconds = std::chrono::duration<double>;

class Recommender {
 public:
  Recommender(RecommendRequest request, const Context& context)
      : request_(std::move(request)), context_(context), traces_(request_.output) {}

  absl::StatusOr<Recommended> Find() {
    const RunRecord recorded = request_.runs.front();
    while (true) {
      if (absl::Status advised = Advise(); !advised.ok()) return advised;
      result_.stopped = WhyStop();
      if (!result_.stopped.empty()) return result_;
      RunRequest run = request_.live;
      run.knobs = *result_.advice.next;
      run.knobs.device = predictor_->WithFittedTimes(run.knobs.device);
      SetLength(request_.live_steps, recorded, &run);
      const Prediction predicted = PredictionOf(run.knobs);
      if (request_.budget_ns > 0 && Elapsed() + ExpectedSeconds(run) > Budget()) {
        result_.stopped = "budget";
        return result_;
      }
      if (absl::Status done = Try(run, predicted); !done.ok()) return done;
    }
  }

 private:
  double Elapsed() const { return Seconds(std::chrono::steady_clock::now() - begun_).count(); }
  double Budget() const { return static_cast<double>(request_.budget_ns) * 1e-9; }
  bool OutOfTime() const { return request_.budget_ns > 0 && Elapsed() > Budget(); }

  absl::Status Advise() {
    Predictor::Options options;
    options.threshold = context_.threshold;
    auto predictor = Predictor::Fit(request_.runs, options);
    if (!predictor.ok()) return predictor.status();
    predictor_ = *std::move(predictor);
    // What the model that was fitted with a run says of it is another figure after every fit.
    std::vector<LiveFinding> findings = failures_;
    for (const Trial& trial : trials_) {
      findings.push_back(FindingOf(*predictor_, request_.runs[trial.run]));
      findings.back().knobs = trial.knobs;
    }
    ProgressLine line(context_);
    SearchOptions search;
    search.keep_going = [&](const SearchProgress& progress) {
      line.Show(fmt::format("search: {} settings simulated, the best makes {:.4g} samples/s", progress.simulated,
                            progress.best_per_s));
      return !Context::interrupted() && !OutOfTime();
    };
    result_.advice = stallpoint::Advise(*predictor_, request_.ranges, findings, search);
    return absl::OkStatus();
  }

  std::string WhyStop() const {
    if (Context::interrupted()) return "interrupted";
    if (!result_.advice.complete) return "budget";
    if (!result_.advice.next) return "sure";
    return static_cast<int>(result_.trials.size()) >= request_.live_runs ? "runs" : "";
  }

  Prediction PredictionOf(const Knobs& knobs) const {
    for (const Prediction& p : result_.advice.weighed) {
      if (p.knobs == knobs) return p;
    }
    return predictor_->Predict(knobs);
  }

  // At the slow end of its interval.
  double ExpectedSeconds(const RunRequest& run) const {
    const Prediction p = predictor_->PredictRun(run.knobs, {.steps = run.steps, .epochs = run.epochs, .found = {}});
    return p.wall ? p.wall->s_high : 0;
  }

  absl::Status Try(RunRequest& run, const Prediction& predicted) {
    traces_.Place(&run);
    const double begun = Elapsed();
    std::optional<RunRecord> record;
    auto live = RunOnce(
        run, fmt::format("live run {}/{} ({})", result_.trials.size() + 1, request_.live_runs, SettingText(run.knobs)),
        context_, &record);
    if (!live.ok()) return live.status();
    const Knobs knobs = *result_.advice.next;
    if (live->outcome == trace::OUTCOME_OK && record && live->summary && live->summary->throughput_per_s > 0) {
      record->role = RunRecord::Role::kCalibration;
      trials_.push_back({knobs, request_.runs.size()});
      request_.runs.push_back(*std::move(record));
    } else {
      const bool too_large = live->outcome == trace::OUTCOME_OUT_OF_MEMORY;
      failures_.push_back(
          {.knobs = knobs, .kind = too_large ? LiveFinding::Kind::kOutOfMemory : LiveFinding::Kind::kFailed});
    }
    result_.trials.push_back({predicted, *std::move(live), Elapsed() - begun});
    return absl::OkStatus();
  }

  RecommendRequest request_;
  const Context& context_;
  LiveTraces traces_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::unique_ptr<Predictor> predictor_;
  // With the knobs that were asked for: a run's own name the times of its device.
  struct Trial {
    Knobs knobs;
    size_t run = 0;  // of request_.runs
  };
  std::vector<Trial> trials_;
  std::vector<LiveFinding> failures_;
  Recommended result_;
};

}  // namespace

absl::StatusOr<Recommended> FindRecommended(RecommendRequest request, const Context& context) {
  return Recommender(std::move(request), context).Find();
}

}  // namespace stallpoint
