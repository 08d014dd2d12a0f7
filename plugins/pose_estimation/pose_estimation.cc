// Pose estimation as people train it: labelled video frames of a DeepLabCut project, an encoder and decoder that
// answers with heat maps, Adam.
#include <algorithm>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "plugins/faults/faults.h"
#include "plugins/images/augment.h"
#include "plugins/images/image_loader.h"
#include "plugins/pose_estimation/heat_map.h"
#include "plugins/pose_estimation/pose_project.h"
#include "plugins/pose_estimation/trainer.h"
#include "plugins/support/keyed_random.h"
#include "stallpoint/plugin.h"

namespace stallpoint::pose_estimation {
namespace {

constexpr int kMapScale = 4;  // the network answers at a quarter of the resolution

struct LoadedFrame {
  float* planes;
  float* heat_maps;
  float* weights;
};

class PoseEstimation : public plugin::Workload {
 public:
  static plugin::Description describe() {
    return {
        "pose_estimation", "a DeepLabCut project's frames and keypoints, heat maps trained by Adam", "1.0",
        bundled::Faults::WithFaults({
            {"image_size", "128", "pixels a side of what the network sees, a multiple of 16"},
            {"width", "32", "channels of the network at half the resolution, 4 to 64"},
            {"sigma", "1.5", "standard deviation of a keypoint on its heat map, which has image_size/4 pixels a side"},
            {"crop_area", "0.6", "smallest share of a frame that a random crop covers"},
            {"mirror", "0", "mirror half of the crops; give `pairs` too where left and right have names"},
            {"pairs", "", "body parts that a mirror exchanges, such as leftear:rightear,leftpaw:rightpaw"},
            {"lr", "0.001", "learning rate"},
            {"weight_decay", "0", "of Adam"},
            {"operators", "1", "record every operator of a step as a span"},
            {"step_leak", "0", "memory of the device lost in `step`, per sample"},
        }),
        BuildFingerprint()};
  }

  explicit PoseEstimation(plugin::Host host) : host_(host), options_(host, describe().options) {}

  void open(const std::string& data_dir) override {
    image_size_ = static_cast<int>(options_.integer("image_size", 32, 1024));
    if (image_size_ % 16 != 0) options_.Refuse("image_size", "a multiple of 16");
    map_size_ = image_size_ / kMapScale;
    sigma_ = options_.number("sigma", 0.1, 100);
    crop_area_ = options_.number("crop_area", 0.01, 1);
    mirror_ = options_.flag("mirror");
    settings_.width = options_.integer("width", 4, 64);
    settings_.learning_rate = options_.number("lr", 0);
    settings_.weight_decay = options_.number("weight_decay", 0);
    settings_.operator_spans = options_.flag("operators");
    settings_.leak_bytes = options_.size_bytes("step_leak");

    if (data_dir.empty()) {
      throw plugin::Error(SP_INVALID_ARGUMENT,
                          "pose_estimation needs the folder of a DeepLabCut project: give --data DIR "
                          "(`stallpoint-make-images DIR --pose` writes one)");
    }
    const bool skip = options_.text("on_bad_sample") == "skip";
    project_ = std::make_unique<PoseProject>(
        data_dir, skip ? PoseProject::MissingFrames::kKeep : PoseProject::MissingFrames::kRefuse);
    settings_.parts = static_cast<int64_t>(project_->parts().size());
    ReadPairs();
    host_.info(project_->summary());
    for (const std::string& line : project_->disagreements()) host_.warn(line);
    transform_id_ = host_.intern("transform");
  }

  void close() override { project_.reset(); }

  void begin(const sp_knobs& knobs) override {
    seed_ = knobs.seed;
    loader_ = std::make_unique<images::ImageLoader>(host_, options_, knobs);
    if (knobs.emulated == 0) trainer_ = std::make_unique<Trainer>(host_, settings_, knobs);
  }

  void end() override {
    trainer_.reset();
    loader_.reset();
  }

  int64_t sample_count() const override {
    return project_ == nullptr ? 0 : static_cast<int64_t>(project_->frames().size());
  }

  plugin::Sample load_sample(int32_t worker, uint64_t index, int64_t pass, plugin::Arena arena) override {
    const LabelledFrame& frame = project_->frames()[index];
    auto& w = loader_->Load(worker, index, project_->path_of(frame), frame.name);
    plugin::Stage transform(host_, transform_id_);
    auto* loaded = arena.array<LoadedFrame>(1);
    *loaded = {arena.array<float>(planes_floats()), arena.array<float>(maps_floats()), arena.array<float>(parts())};
    bundled::KeyedRandom random(seed_, "crop", index, pass);
    images::Crop crop = images::DrawCrop(w.image.width, w.image.height, crop_area_, random);
    crop.mirrored = crop.mirrored && mirror_;
    w.resizer.Resize(w.image, crop, image_size_, loaded->planes);
    DrawHeatMaps(PlaceOnMap(frame.keypoints, crop, map_size_, counterparts_), static_cast<int>(parts()), map_size_,
                 sigma_, loaded->heat_maps, loaded->weights);
    return {loaded, (planes_floats() + maps_floats() + parts()) * sizeof(float), 0};
  }

  void batch_layout(int32_t, const plugin::Samples& samples, plugin::Layout& layout) override {
    layout.add(SP_DTYPE_F32, {samples.size(), 3, image_size_, image_size_});
    layout.add(SP_DTYPE_F32, {samples.size(), settings_.parts, map_size_, map_size_});
    layout.add(SP_DTYPE_F32, {samples.size(), settings_.parts});
  }

  void collate(int32_t, const plugin::Samples& samples, const plugin::Batch& batch) override {
    for (int64_t i = 0; i < samples.size(); ++i) {
      const auto& frame = samples.as<LoadedFrame>(i);
      const auto at = static_cast<size_t>(i);
      std::copy_n(frame.planes, planes_floats(), batch.data<float>(0) + at * planes_floats());
      std::copy_n(frame.heat_maps, maps_floats(), batch.data<float>(1) + at * maps_floats());
      std::copy_n(frame.weights, parts(), batch.data<float>(2) + at * parts());
    }
  }

  plugin::StepResult step(const plugin::Batch& batch) override { return trainer_->Step(batch); }

  bool steps_on_cuda() const override { return true; }

 private:
  size_t parts() const { return static_cast<size_t>(settings_.parts); }
  size_t planes_floats() const {
    return size_t{3} * static_cast<size_t>(image_size_) * static_cast<size_t>(image_size_);
  }
  size_t maps_floats() const { return parts() * static_cast<size_t>(map_size_) * static_cast<size_t>(map_size_); }

  void ReadPairs() {
    counterparts_.resize(parts());
    std::iota(counterparts_.begin(), counterparts_.end(), 0);
    const auto& names = project_->parts();
    std::istringstream pairs(options_.text("pairs"));
    for (std::string pair; std::getline(pairs, pair, ',');) {
      const size_t colon = std::min(pair.find(':'), pair.size());
      const auto left = std::find(names.begin(), names.end(), pair.substr(0, colon));
      const auto right = std::find(names.begin(), names.end(), pair.substr(std::min(colon + 1, pair.size())));
      if (left == names.end() || right == names.end() || left == right) {
        std::string known;
        for (const std::string& name : names) known += " " + name;
        options_.Refuse("pairs", "LEFT:RIGHT, parted by commas, of the body parts" + known);
      }
      counterparts_[static_cast<size_t>(left - names.begin())] = static_cast<int>(right - names.begin());
      counterparts_[static_cast<size_t>(right - names.begin())] = static_cast<int>(left - names.begin());
    }
  }

  plugin::Host host_;
  plugin::Options options_;

  // Set by open().
  int image_size_ = 0;
  int map_size_ = 0;
  double sigma_ = 0;
  double crop_area_ = 0;
  bool mirror_ = false;
  std::vector<int> counterparts_;  // the part that each becomes in a mirror
  TrainerSettings settings_;
  std::unique_ptr<PoseProject> project_;
  uint32_t transform_id_ = 0;

  // Set by begin().
  uint64_t seed_ = 0;
  std::unique_ptr<images::ImageLoader> loader_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace
}  // namespace stallpoint::pose_estimation

STALLPOINT_PLUGIN(stallpoint::pose_estimation::PoseEstimation)
