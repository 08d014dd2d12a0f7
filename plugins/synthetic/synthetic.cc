// A workload whose costs are chosen by options: every stage waits, reads, copies and computes as told, for real.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/faults/faults.h"
#include "plugins/support/keyed_random.h"
#include "plugins/support/spend.h"
#include "plugins/synthetic/regression.h"
#include "plugins/synthetic/scratch_file.h"
#include "plugins/synthetic/stage_cost.h"
#include "stallpoint/plugin.h"

namespace stallpoint::synthetic {
namespace {

using bundled::Faults;
using bundled::KeyedRandom;

constexpr float kNoise = 0.1F;

struct LoadedSample {
  float* values;
  int64_t length;
  float target;
};

class Synthetic : public plugin::Workload {
 public:
  static plugin::Description describe() {
    plugin::OptionList options = {
        {"samples", "4096", "samples of the data set"},
        {"sample_bytes", "16KiB", "size of a sample in its batch, on average"},
        {"size_sigma", "0", "lognormal sigma of the samples' sizes; a batch is padded to its longest"}};
    for (const plugin::OptionList& more :
         {StageCost::options("read", "0", "200us"), StageCost::options("decode", "500us", "0"),
          StageCost::options("transform", "200us", "0"), Variation::options()}) {
      options.insert(options.end(), more.begin(), more.end());
    }
    options.push_back({"file_size", "64MiB", "size of the generated file that *_bytes are read from"});
    options.push_back(
        {"traffic_buffer", "32MiB", "memory per worker that *_traffic goes through; more than the caches hold"});
    options.push_back({"step_launch", "2ms", "CPU time of a step on the device thread, whatever its batch"});
    options.push_back({"step_sample", "200us", "CPU time of a step for each sample of its batch"});
    options.push_back({"lr", "0.02", "learning rate of the regression that the step fits"});
    return {"synthetic", "chosen costs per stage: waits, reads, CPU time and memory traffic", "1.0",
            Faults::WithFaults(std::move(options)), ""};
  }

  explicit Synthetic(plugin::Host host) : host_(host), options_(host, describe().options) {}

  void open(const std::string& data_dir) override {
    data_dir_ = data_dir;
    samples_ = options_.integer("samples", 1);
    sample_floats_ =
        std::max<int64_t>(kFeatures, options_.size_bytes("sample_bytes") / static_cast<int64_t>(sizeof(float)));
    size_sigma_ = options_.number("size_sigma", 0, 3);
    file_bytes_ = options_.size_bytes("file_size");
    traffic_buffer_bytes_ = std::max<int64_t>(int64_t{1} << 16, options_.size_bytes("traffic_buffer"));
    step_launch_ns_ = options_.time_ns("step_launch");
    step_sample_ns_ = options_.time_ns("step_sample");
    learning_rate_ = options_.number("lr", 0);
    variation_.emplace(options_);
    stages_.clear();
    for (const char* name : {"read", "decode", "transform"}) {
      stages_.push_back({host_.intern(name), StageCost(options_, name)});
    }
  }

  void begin(const sp_knobs& knobs) override {
    seed_ = knobs.seed;
    accumulation_ = std::max(1, knobs.accumulation);
    accumulated_ = 0;
    faults_ = std::make_unique<Faults>(host_, options_, seed_);
    regression_.emplace(learning_rate_);
    const auto any = [this](auto has) { return std::any_of(stages_.begin(), stages_.end(), has); };
    if (any([](const NamedStage& s) { return s.cost.reads(); })) {
      file_ = std::make_unique<ScratchFile>(data_dir_, static_cast<uint64_t>(file_bytes_));
    }
    workers_.assign(static_cast<size_t>(std::max(1, knobs.worker_count)), {});
    if (any([](const NamedStage& s) { return s.cost.moves_memory(); })) {
      for (WorkerBuffers& worker : workers_) worker.traffic.resize(static_cast<size_t>(traffic_buffer_bytes_));
    }
  }

  void end() override {
    workers_.clear();
    file_.reset();
  }

  int64_t sample_count() const override { return samples_; }

  plugin::Sample load_sample(int32_t worker, uint64_t index, int64_t /*pass*/, plugin::Arena arena) override {
    WorkerBuffers& buffers = workers_.at(static_cast<size_t>(worker));
    const auto spend = [&](size_t stage) {
      return stages_[stage].cost.Spend(host_, *variation_, seed_, index, file_.get(), buffers);
    };
    {
      plugin::Stage read(host_, stages_[0].name_id);
      faults_->during_read(index);
      read.bytes(spend(0));
    }
    {
      plugin::Stage decode(host_, stages_[1].name_id);
      faults_->during_decode(index, "sample " + std::to_string(index));
      decode.bytes(spend(1));
    }
    plugin::Stage transform(host_, stages_[2].name_id);
    transform.bytes(spend(2));
    LoadedSample* sample = Draw(index, arena);
    return {sample, static_cast<uint64_t>(sample->length) * sizeof(float), 0};
  }

  void batch_layout(int32_t, const plugin::Samples& samples, plugin::Layout& layout) override {
    int64_t longest = 0;
    for (int64_t i = 0; i < samples.size(); ++i) longest = std::max(longest, samples.as<LoadedSample>(i).length);
    layout.add(SP_DTYPE_F32, {samples.size(), longest});
    layout.add(SP_DTYPE_F32, {samples.size()});
  }

  void collate(int32_t, const plugin::Samples& samples, const plugin::Batch& batch) override {
    const int64_t stride = batch.tensor(0).shape[1];
    for (int64_t i = 0; i < samples.size(); ++i) {
      const auto& sample = samples.as<LoadedSample>(i);
      float* row = batch.data<float>(0) + i * stride;
      std::copy_n(sample.values, sample.length, row);
      std::fill(row + sample.length, row + stride, 0.0F);
      batch.data<float>(1)[i] = sample.target;
    }
  }

  plugin::StepResult step(const plugin::Batch& batch) override {
    const float* rows = batch.data<float>(0);
    const int64_t count = batch.samples();
    const int64_t stride = batch.tensor(0).shape[1];
    const int64_t cpu_ns = step_launch_ns_ + step_sample_ns_ * count;
    errors_.resize(static_cast<size_t>(count));

    plugin::StepParts parts(host_);
    parts.forward();
    plugin::StepResult result;
    result.loss = regression_->Forward(rows, batch.data<float>(1), count, stride, errors_.data());
    bundled::BurnCpu(host_, cpu_ns / 3);
    parts.backward();
    regression_->Backward(rows, errors_.data(), count, stride);
    bundled::BurnCpu(host_, cpu_ns - cpu_ns / 3);
    result.optimizer_stepped = ++accumulated_ == accumulation_;
    if (result.optimizer_stepped) {
      parts.optimizer();
      regression_->Step(accumulated_);
      accumulated_ = 0;
    }
    return result;
  }

 private:
  struct NamedStage {
    uint32_t name_id;
    StageCost cost;
  };

  LoadedSample* Draw(uint64_t index, plugin::Arena arena) const {
    auto* sample = arena.array<LoadedSample>(1);
    const double factor = KeyedRandom(seed_, "size", index).lognormal(size_sigma_);
    sample->length = std::max<int64_t>(kFeatures, static_cast<int64_t>(static_cast<double>(sample_floats_) * factor));
    sample->values = arena.array<float>(static_cast<size_t>(sample->length));
    KeyedRandom random(seed_, "features", index);
    for (size_t i = 0; i < kFeatures; ++i) sample->values[i] = static_cast<float>(random.normal());
    for (auto i = static_cast<int64_t>(kFeatures); i < sample->length; ++i)
      sample->values[i] = sample->values[i - kFeatures];
    sample->target = TrueTarget(sample->values) + kNoise * static_cast<float>(random.normal());
    return sample;
  }

  plugin::Host host_;
  plugin::Options options_;

  // Set by open().
  std::string data_dir_;
  int64_t samples_ = 0;
  int64_t sample_floats_ = 0;
  double size_sigma_ = 0;
  int64_t file_bytes_ = 0;
  int64_t traffic_buffer_bytes_ = 0;
  int64_t step_launch_ns_ = 0;
  int64_t step_sample_ns_ = 0;
  double learning_rate_ = 0;
  std::optional<Variation> variation_;
  std::vector<NamedStage> stages_;

  // Set by begin().
  uint64_t seed_ = 0;
  int32_t accumulation_ = 1;
  std::unique_ptr<Faults> faults_;
  std::unique_ptr<ScratchFile> file_;
  std::vector<WorkerBuffers> workers_;

  // Of the step's thread.
  std::optional<Regression> regression_;
  std::vector<float> errors_;
  int32_t accumulated_ = 0;
};

}  // namespace
}  // namespace stallpoint::synthetic

STALLPOINT_PLUGIN(stallpoint::synthetic::Synthetic)
