// Predicts a run under other knobs, from the record of one run and its calibration runs.
//
//   auto predictor = Predictor::Fit(contents.runs);
//   Prediction p = predictor->Predict(knobs);
//
// Simulation, not a formula: per-sample costs are resampled as whole samples (keyed by seed and sample, so that every
// setting meets the same samples) through PyTorch's loader recurrence, with processor sharing when jobs exceed cores.
// Immutable; Predict may be called from several threads at once.
#ifndef STALLPOINT_REPLAY_PREDICT_PREDICTOR_H_
#define STALLPOINT_REPLAY_PREDICT_PREDICTOR_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "replay/predict/step_floor.h"
#include "replay/prediction.h"
#include "traces/run_record.h"

namespace stallpoint {

class Predictor {
 public:
  struct Options {
    // Share of step time that counts as stalled.
    double threshold = 0.05;
    // Probability that the interval holds the mean step time of a live run.
    double confidence = 0.9;
  };

  // `runs`: the main run and whatever calibration runs there are, in any order. FailedPrecondition when there is too
  // little to fit (no samples, fewer than a few iterations); the message says what to record. InvalidArgument for
  // recorded dependencies that cannot be (a batch received before it was loaded).
  static absl::StatusOr<std::unique_ptr<Predictor>> Fit(absl::Span<const RunRecord> runs, Options options);
  virtual ~Predictor() = default;

  virtual Prediction Predict(const Knobs& knobs) const = 0;
  // The same without its interval (both ends are the step itself), in half of the time: for a search.
  virtual Prediction Estimate(const Knobs& knobs) const = 0;
  // What is known of a setting that nobody simulates: its memory if the run were never fuller than a batch and a step,
  // and whether its reads are known. Nothing of times. What does not fit like that does not fit.
  virtual Prediction EmptiestRun(const Knobs& knobs) const = 0;
  // Samples per second on a day on which the costs are not as estimated. What two settings have in common moves both,
  // so that their difference is known better than either.
  virtual double ThroughputOn(const Knobs& knobs, const Day& day) const = 0;
  // What bounds the speed of every setting of this batch size.
  virtual StepFloor FloorOf(const Knobs& knobs) const = 0;
  // What a run under these conditions measures in its steady window, or, when it is too short to have one, from its
  // first step on, which sets the device up; and how long it takes. What a live run is compared with. Without a length
  // as Predict, which takes the kind of the recorded run: a run recorded with epochs has their edges, for as many
  // epochs as were recorded or as a steady window needs. With what was found out of the run itself, what is left of an
  // error is the model's.
  virtual Prediction PredictRun(const Knobs& knobs, const RunConditions& conditions) const = 0;
  // From the CPU seconds of its samples and steps; nothing when the run is too short to tell.
  virtual std::optional<RunFindings> FindingsOf(const RunRecord& run) const = 0;

  // What is left when one cause is taken away: the check of a claim.
  enum class Without { kNothing, kLoading, kStorageReads, kSyncEachStep, kEpochEdges, kMainWork };
  virtual Prediction PredictWithout(const Knobs& knobs, Without removed) const = 0;
  // "emulated" without times becomes the device as it was fitted; any other text stays as it is.
  virtual std::string WithFittedTimes(const std::string& device) const = 0;

  // Reads that storage serves at a time before they slow each other; nothing where no limit was seen.
  virtual std::optional<double> StorageStreams() const = 0;
  // Where none was, the most reads at a time of which it is known that they did not; nothing where reads do not wait.
  virtual std::optional<double> ReadsSeen() const = 0;

  // Steps at the beginning of the main run that fetched from storage what later ones found in the page cache.
  // Predictions are of the latter, but for runs that begin cold. 0 where there are none, or so few that they count as
  // start-up.
  virtual int64_t FirstPass() const = 0;
  // Whether the main run, which was not asked to, fetched much from storage that the page cache keeps for runs after
  // it. Predictions are of runs that fetch as much.
  virtual bool ColdForOnce() const = 0;
  // Bytes of a pass over the data set as the page cache holds them; 0 where that is unknown.
  virtual double DataBytes() const = 0;

  // Bytes that the recorded runs kept of every sample, on the device and on the host beside what that holds for a
  // device without memory of its own; 0 where they did not grow by more than runs differ by anyway. Memory of a setting
  // is that of a run of UsualRunSamples(), as many as the main run loaded or an epoch where that is more, unless a
  // length was given.
  virtual double HostLeakPerSample() const = 0;
  virtual double DeviceLeakPerSample() const = 0;
  virtual double UsualRunSamples() const = 0;

  // By how much a run in another minute may be slower for the host's speed alone, where it computes all the time; in
  // the intervals, and the same for all settings. Relative, end of a 90 % interval.
  virtual double HostSpeedError() const = 0;

  // The knobs of the main run, and the run itself as predicted by the model (its self-check).
  virtual const Knobs& recorded() const = 0;
  virtual const Options& options() const = 0;
};

}  // namespace stallpoint

#endif  // STALLPOINT_REPLAY_PREDICT_PREDICTOR_H_
