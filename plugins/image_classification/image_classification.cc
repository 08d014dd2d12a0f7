// Image classification as people train it: JPEG files, decode, augmentation, a ResNet-18, SGD.
#include <algorithm>
#include <memory>
#include <string>

#include "plugins/faults/faults.h"
#include "plugins/image_classification/image_folder.h"
#include "plugins/image_classification/trainer.h"
#include "plugins/images/augment.h"
#include "plugins/images/image_loader.h"
#include "plugins/support/keyed_random.h"
#include "stallpoint/plugin.h"

namespace stallpoint::image_classification {
namespace {

struct LoadedImage {
  float* planes;
  int64_t label;
};

class ImageClassification : public plugin::Workload {
 public:
  static plugin::Description describe() {
    return {"image_classification", "JPEG files, augmentation and a ResNet-18 trained by SGD", "1.0",
            bundled::Faults::WithFaults({
                {"image_size", "64", "pixels a side of what the network sees"},
                {"width", "64", "channels of the network's first stage, 8 to 64; 64 is ResNet-18"},
                {"classes", "0", "classes of the network (0: as many as the data have, 10 when file names are hashed)"},
                {"decode_scale", "1", "decode at 1/N of the size by scaling the transform: 1, 2, 4 or 8"},
                {"crop_area", "0.35", "smallest share of an image that a random crop covers"},
                {"lr", "0.02", "learning rate"},
                {"momentum", "0.9", "of SGD"},
                {"weight_decay", "0.0001", "of SGD"},
                {"operators", "1", "record every operator of a step as a span"},
                {"step_leak", "0", "memory of the device lost in `step`, per sample"},
            }),
            BuildFingerprint()};
  }

  explicit ImageClassification(plugin::Host host) : host_(host), options_(host, describe().options) {}

  void open(const std::string& data_dir) override {
    // Batch normalisation needs more than one value a channel: the last stage must be 2x2 at least, for batches of one.
    image_size_ = static_cast<int>(options_.integer("image_size", 33, 1024));
    decode_scale_ = 1 << options_.choice("decode_scale", {"1", "2", "4", "8"});
    crop_area_ = options_.number("crop_area", 0.01, 1);
    settings_.width = options_.integer("width", 8, 64);
    settings_.learning_rate = options_.number("lr", 0);
    settings_.momentum = options_.number("momentum", 0, 1);
    settings_.weight_decay = options_.number("weight_decay", 0);
    settings_.operator_spans = options_.flag("operators");
    settings_.leak_bytes = options_.size_bytes("step_leak");
    settings_.classes = options_.integer("classes", 0, 1'000'000);

    if (data_dir.empty()) {
      throw plugin::Error(SP_INVALID_ARGUMENT,
                          "image_classification needs a folder of JPEG files: give --data DIR "
                          "(`stallpoint-make-images DIR` writes one)");
    }
    constexpr int64_t kHashClasses = 10;
    folder_ = std::make_unique<ImageFolder>(data_dir, settings_.classes > 0 ? settings_.classes : kHashClasses);
    if (settings_.classes == 0) settings_.classes = std::max<int64_t>(2, folder_->class_count());
    if (settings_.classes < folder_->class_count()) {
      options_.Refuse("classes",
                      "at least the " + std::to_string(folder_->class_count()) + " classes of the data, or 0");
    }
    if (folder_->labels() == ImageFolder::Labels::kHash) {
      host_.warn(folder_->summary());
    } else {
      host_.info(folder_->summary());
    }
    transform_id_ = host_.intern("transform");
  }

  void close() override { folder_.reset(); }

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
    return folder_ == nullptr ? 0 : static_cast<int64_t>(folder_->files().size());
  }

  plugin::Sample load_sample(int32_t worker, uint64_t index, int64_t pass, plugin::Arena arena) override {
    const ImageFile& file = folder_->files()[index];
    auto& w = loader_->Load(worker, index, file.path, file.name, decode_scale_);
    plugin::Stage transform(host_, transform_id_);
    auto* loaded = arena.array<LoadedImage>(1);
    *loaded = {arena.array<float>(planes_floats()), file.label};
    bundled::KeyedRandom random(seed_, "crop", index, pass);
    const images::Crop crop = images::DrawCrop(w.image.width, w.image.height, crop_area_, random);
    w.resizer.Resize(w.image, crop, image_size_, loaded->planes);
    return {loaded, planes_floats() * sizeof(float), 0};
  }

  void batch_layout(int32_t, const plugin::Samples& samples, plugin::Layout& layout) override {
    layout.add(SP_DTYPE_F32, {samples.size(), 3, image_size_, image_size_});
    layout.add(SP_DTYPE_I64, {samples.size()});
  }

  void collate(int32_t, const plugin::Samples& samples, const plugin::Batch& batch) override {
    for (int64_t i = 0; i < samples.size(); ++i) {
      const auto& image = samples.as<LoadedImage>(i);
      std::copy_n(image.planes, planes_floats(), batch.data<float>(0) + static_cast<size_t>(i) * planes_floats());
      batch.data<int64_t>(1)[i] = image.label;
    }
  }

  plugin::StepResult step(const plugin::Batch& batch) override { return trainer_->Step(batch); }

  bool steps_on_cuda() const override { return true; }

 private:
  size_t planes_floats() const {
    return size_t{3} * static_cast<size_t>(image_size_) * static_cast<size_t>(image_size_);
  }

  plugin::Host host_;
  plugin::Options options_;

  // Set by open().
  int image_size_ = 0;
  int decode_scale_ = 1;
  double crop_area_ = 0;
  TrainerSettings settings_;
  std::unique_ptr<ImageFolder> folder_;
  uint32_t transform_id_ = 0;

  // Set by begin().
  uint64_t seed_ = 0;
  std::unique_ptr<images::ImageLoader> loader_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace
}  // namespace stallpoint::image_classification

STALLPOINT_PLUGIN(stallpoint::image_classification::ImageClassification)
