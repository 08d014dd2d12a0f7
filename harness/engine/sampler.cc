#include "harness/engine/sampler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "harness/engine/permutation.h"
#include "harness/host/workload.h"

namespace stallpoint {
namespace {

class EndlessShuffle : public Sampler {
 public:
  EndlessShuffle(uint64_t seed, uint64_t samples, int64_t batch_size, int64_t steps)
      : seed_(seed), batch_size_(batch_size), steps_(steps), order_(seed, 0, samples) {}

  absl::StatusOr<bool> Next(BatchPlan* plan) override {
    if (done()) return false;
    ++drawn_;
    plan->epoch = pass_;
    plan->count = batch_size_;
    plan->indices.clear();
    plan->passes.clear();
    for (int64_t i = 0; i < batch_size_; ++i) {
      plan->passes.push_back(pass_);
      plan->indices.push_back(Draw());
    }
    return true;
  }
  bool done() const override { return drawn_ == steps_; }
  int64_t total_batches() const override { return steps_; }

 private:
  uint64_t Draw() {
    const uint64_t index = order_[position_];
    if (++position_ == order_.size()) {
      order_ = Permutation(seed_, static_cast<uint64_t>(++pass_), order_.size());
      position_ = 0;
    }
    return index;
  }

  const uint64_t seed_;
  const int64_t batch_size_, steps_;
  Permutation order_;
  uint64_t position_ = 0;
  int64_t pass_ = 0, drawn_ = 0;
};

class EpochShuffle : public Sampler {
 public:
  EpochShuffle(uint64_t seed, uint64_t samples, const Knobs& knobs, int64_t epochs)
      : seed_(seed),
        batch_size_(static_cast<uint64_t>(knobs.batch_size)),
        epochs_(epochs),
        per_epoch_(knobs.drop_last ? samples - samples % batch_size_ : samples),
        order_(seed, 0, samples) {}

  absl::StatusOr<bool> Next(BatchPlan* plan) override {
    if (done()) return false;
    if (position_ == per_epoch_) {
      order_ = Permutation(seed_, static_cast<uint64_t>(++epoch_), order_.size());
      position_ = 0;
      return false;
    }
    plan->epoch = epoch_;
    plan->indices.clear();
    const uint64_t end = std::min(position_ + batch_size_, per_epoch_);
    for (; position_ < end; ++position_) plan->indices.push_back(order_[position_]);
    plan->count = static_cast<int64_t>(plan->indices.size());
    plan->passes.assign(plan->indices.size(), epoch_);
    return true;
  }
  bool done() const override { return epoch_ == epochs_; }
  int64_t total_batches() const override {
    return epochs_ * static_cast<int64_t>((per_epoch_ + batch_size_ - 1) / batch_size_);
  }

 private:
  const uint64_t seed_, batch_size_;
  const int64_t epochs_;
  const uint64_t per_epoch_;
  Permutation order_;
  uint64_t position_ = 0;
  int64_t epoch_ = 0;
};

// The workload chooses the samples of each batch itself: bucketing, class balance.
class WorkloadSampler : public Sampler {
 public:
  WorkloadSampler(Workload& workload, const Knobs& knobs, RunLength length)
      : workload_(workload), batch_size_(knobs.batch_size), length_(length) {}

  absl::StatusOr<bool> Next(BatchPlan* plan) override {
    if (done()) return false;
    plan->indices.resize(static_cast<size_t>(batch_size_));
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto count = workload_.SampleBatch(plan->indices.data(), batch_size_);
      if (!count.ok()) return count.status();
      if (*count > 0) {
        plan->epoch = pass_;
        plan->count = *count;
        plan->indices.resize(static_cast<size_t>(*count));
        plan->passes.assign(plan->indices.size(), pass_);
        ++drawn_;
        return true;
      }
      ++pass_;
      if (length_.epochs > 0) return false;
    }
    return absl::InternalError("batch_sampler() of the plugin has ended two passes without a batch between them");
  }
  bool done() const override { return length_.epochs > 0 ? pass_ == length_.epochs : drawn_ == length_.steps; }
  int64_t total_batches() const override { return length_.steps; }

 private:
  Workload& workload_;
  const int64_t batch_size_;
  const RunLength length_;
  int64_t pass_ = 0, drawn_ = 0;
};

class StreamSampler : public Sampler {
 public:
  StreamSampler(int64_t batch_size, int64_t steps) : batch_size_(batch_size), steps_(steps) {}

  absl::StatusOr<bool> Next(BatchPlan* plan) override {
    if (done()) return false;
    ++drawn_;
    plan->epoch = 0;
    plan->count = batch_size_;
    plan->indices.clear();
    return true;
  }
  bool done() const override { return drawn_ == steps_; }
  int64_t total_batches() const override { return steps_; }

 private:
  const int64_t batch_size_, steps_;
  int64_t drawn_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(Workload& workload, const Knobs& knobs, RunLength length) {
  if (workload.is_stream()) {
    if (length.epochs > 0) {
      return absl::FailedPreconditionError("--epochs: this workload is a stream, which has no epochs; use --steps N");
    }
    return std::make_unique<StreamSampler>(knobs.batch_size, length.steps);
  }
  if (workload.has_batch_sampler()) return std::make_unique<WorkloadSampler>(workload, knobs, length);
  const auto samples = static_cast<uint64_t>(workload.sample_count());
  if (length.steps > 0) {
    return std::make_unique<EndlessShuffle>(knobs.seed, samples, knobs.batch_size, length.steps);
  }
  if (knobs.drop_last && samples < static_cast<uint64_t>(knobs.batch_size)) {
    return absl::InvalidArgumentError(absl::StrCat("--drop-last leaves nothing of an epoch: found ", samples,
                                                   " samples, expected at least one batch of ", knobs.batch_size,
                                                   "; use a smaller --batch"));
  }
  return std::make_unique<EpochShuffle>(knobs.seed, samples, knobs, length.epochs);
}

}  // namespace stallpoint
