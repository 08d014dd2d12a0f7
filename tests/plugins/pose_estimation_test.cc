// The pose workload through the C table of the built plugin.
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "catch.h"
#include "plugins/images/jpeg.h"
#include "plugins/make_images/painter.h"
#include "plugins/make_images/pose_writer.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"
#include "tests/plugins/scratch_folder.h"

namespace {

using namespace stallpoint::testing;
using stallpoint::images::PoseWriter;

using Settings = std::map<std::string, std::string>;

const sp_entry* Plugin() {
  static const sp_entry* entry = LoadEntry(STALLPOINT_POSE_PLUGIN);
  return entry;
}

// Painted animals of four body parts.
void Paint(const ScratchFolder& folder, int64_t count) {
  PoseWriter project(folder.path(), count, 160, 120, 0);
  for (int64_t i = 0; i < count; ++i) project.WriteFrame(i);
  project.WriteLabels();
}

struct Run {
  Run(const std::string& data_dir, Settings settings, const sp_knobs& knobs = Knobs())
      : host(Small(std::move(settings))), workload(Plugin(), "pose_estimation", host) {
    const Answer opened = workload.open(data_dir.c_str());
    INFO(opened.message);
    REQUIRE(opened.code == SP_OK);
    const Answer begun = workload.begin(knobs);
    INFO(begun.message);
    REQUIRE(begun.code == SP_OK);
  }

  static Settings Small(Settings settings) {
    settings.merge(Settings{{"image_size", "48"}, {"width", "8"}});
    return settings;
  }

  FakeHost host;
  LoadedWorkload workload;
};

Answer Opened(const std::string& data_dir, Settings settings) {
  FakeHost host(std::move(settings));
  LoadedWorkload workload(Plugin(), "pose_estimation", host);
  return workload.open(data_dir.empty() ? nullptr : data_dir.c_str());
}

// One loss for each of `steps` batches of eight, drawn from `count` samples.
std::vector<double> Train(Run& run, uint64_t steps, uint64_t count) {
  std::vector<double> losses;
  for (uint64_t step = 0; step < steps; ++step) {
    std::vector<uint64_t> indices;
    for (uint64_t i = 0; i < 8; ++i) indices.push_back((step * 8 + i * 5) % count);
    losses.push_back(run.workload.train(indices));
  }
  return losses;
}

double MeanOfLast(const std::vector<double>& losses, int64_t count) {
  return std::accumulate(losses.end() - count, losses.end(), 0.0) / static_cast<double>(count);
}

}  // namespace

TEST_CASE("the loss of the pose workload begins at one, that of no answer, and falls") {
  const ScratchFolder folder;
  Paint(folder, 40);
  Run run(folder.path(), {{"lr", "0.003"}});
  REQUIRE(run.workload.table().sample_count(run.workload.table().self) == 40);
  const std::vector<double> losses = Train(run, 40, 40);
  CHECK(losses[0] == Approx(1));
  INFO(MeanOfLast(losses, 5) << " at last");
  CHECK(MeanOfLast(losses, 5) < 0.7);
}

TEST_CASE("the loss falls on the frames of a real mouse") {
  const std::filesystem::path data = std::filesystem::path(STALLPOINT_SOURCE_DIR) / ".." / "shared/data/openfield";
  if (!std::filesystem::exists(data)) {
    WARN("skipped: " << data << " is absent");
    return;
  }
  Run run(data, {{"image_size", "64"}, {"lr", "0.003"}});
  REQUIRE(run.workload.table().sample_count(run.workload.table().self) == 116);
  REQUIRE(run.host.log().size() == 1);
  CHECK(run.host.log()[0] == "116 labelled frames of 1 video, 4 body parts, 464 keypoints, 0 missing");
  const std::vector<double> losses = Train(run, 40, 116);
  INFO(MeanOfLast(losses, 5) << " at last");
  CHECK(MeanOfLast(losses, 5) < 0.8);
}

TEST_CASE("a frame passes read, decode and transform, and what was read is counted") {
  const ScratchFolder folder;
  Paint(folder, 3);
  Run run(folder.path(), {});
  FakeArena arena;
  sp_sample sample;
  REQUIRE(run.workload.load(1, arena, &sample).code == SP_OK);
  const auto stages = run.host.stages();
  REQUIRE(stages.size() == 3);
  CHECK(stages[0].name == "read");
  CHECK(stages[0].bytes == std::filesystem::file_size(folder.path() / "labeled-data/painted/img0001.png"));
  CHECK(stages[1].name == "decode");
  CHECK(stages[2].name == "transform");
  CHECK(sample.bytes == (3 * 48 * 48 + 4 * 12 * 12 + 4) * sizeof(float));
}

TEST_CASE("a frame is cropped anew in each pass, and the same way in each run") {
  const ScratchFolder folder;
  Paint(folder, 3);
  const auto load = [&](int64_t pass) {
    Run run(folder.path(), {{"mirror", "1"}, {"pairs", "leftear:rightear"}});
    FakeArena arena;
    sp_sample sample;
    REQUIRE(run.workload.load(1, arena, &sample, 0, pass).code == SP_OK);
    const auto* planes = *static_cast<const float* const*>(sample.data);
    return std::vector<float>(planes, planes + 3 * 48 * 48);
  };
  CHECK(load(0) == load(0));
  CHECK(load(0) != load(1));
}

TEST_CASE("a batch holds images, heat maps and which of them count") {
  const ScratchFolder folder;
  Paint(folder, 3);
  folder.write("labeled-data/painted/CollectedData_painter.csv",
               "scorer,p,p,p,p\nbodyparts,snout,snout,tailbase,tailbase\ncoords,x,y,x,y\n"
               "labeled-data/painted/img0000.png,80,60,,\n"
               "labeled-data/painted/img0001.png,,,,\n");
  Run run(folder.path(), {{"crop_area", "1"}});
  CHECK(Contains(run.host.log()[1], "body part leftear of config.yaml has no keypoint"));
  BuiltBatch batch;
  REQUIRE(run.workload.build({0, 1}, &batch).code == SP_OK);
  REQUIRE(batch.batch.tensor_count == 3);
  CHECK(batch.tensors[0].shape[3] == 48);
  CHECK(batch.tensors[1].shape[1] == 4);
  CHECK(batch.tensors[1].shape[3] == 12);
  const auto* weights = reinterpret_cast<const float*>(batch.memory[2].data());
  CHECK(std::vector<float>(weights, weights + 8) == std::vector<float>{1, 0, 0, 0, 0, 0, 0, 0});
  const auto* maps = reinterpret_cast<const float*>(batch.memory[1].data());
  CHECK(*std::max_element(maps, maps + 12 * 12) > 0.9);
  CHECK(*std::max_element(maps + 12 * 12, maps + 8 * 12 * 12) == 0);
}

TEST_CASE("a batch without any keypoint has the loss zero") {
  const ScratchFolder folder;
  Paint(folder, 3);
  folder.write("labeled-data/painted/CollectedData_painter.csv",
               "scorer,p,p\nbodyparts,snout,snout\ncoords,x,y\n"
               "labeled-data/painted/img0000.png,80,60\nlabeled-data/painted/img0001.png,,\n");
  Run run(folder.path(), {});
  CHECK(run.workload.train({1, 1}) == 0);
  CHECK(std::isfinite(run.workload.train({0, 1})));
}

TEST_CASE("frames in batches of one and of uneven sizes train, the smallest size too") {
  const ScratchFolder folder;
  Paint(folder, 6);
  Run run(folder.path(), {{"image_size", "32"}});
  CHECK(run.workload.train({2}) > 0);
  CHECK(run.workload.train({0, 1, 2, 3, 4}) > 0);
}

TEST_CASE("the same seed gives the same losses, also in a second run") {
  const ScratchFolder folder;
  Paint(folder, 12);
  Run run(folder.path(), {}, Knobs(2, 5));
  run.workload.train({0, 3, 6});
  const double second = run.workload.train({1, 4, 7});
  run.workload.end();
  REQUIRE(run.workload.begin(Knobs(2, 5)).code == SP_OK);
  run.workload.train({0, 3, 6});
  CHECK(run.workload.train({1, 4, 7}) == Approx(second).epsilon(1e-5));
}

TEST_CASE("a frame that cannot be decoded, or is gone, is lost data with its file's name") {
  const ScratchFolder folder;
  Paint(folder, 3);
  folder.write("labeled-data/painted/img0001.png", "this is not a PNG");
  std::filesystem::remove(folder.path() / "labeled-data/painted/img0002.png");
  Run run(folder.path(), {{"on_bad_sample", "skip"}});
  FakeArena arena;
  sp_sample sample;
  const Answer broken = run.workload.load(1, arena, &sample);
  CHECK(broken.code == SP_DATA_LOSS);
  CHECK(broken.message == "labeled-data/painted/img0001.png: cannot be decoded as PNG: it does not begin as one");
  const Answer gone = run.workload.load(2, arena, &sample);
  CHECK(gone.code == SP_DATA_LOSS);
  CHECK(Contains(gone.message, "labeled-data/painted/img0002.png: cannot be opened: "));
}

TEST_CASE("a frame may be a JPEG file") {
  const ScratchFolder folder;
  Paint(folder, 3);
  folder.write("labeled-data/painted/img7.jpg",
               stallpoint::images::EncodeJpeg(stallpoint::images::PaintAnimal(160, 120, 0, 7).image, 90));
  folder.write("labeled-data/painted/CollectedData_painter.csv",
               "scorer,p,p\nbodyparts,snout,snout\ncoords,x,y\nlabeled-data/painted/img7.jpg,80,60\n");
  Run run(folder.path(), {});
  CHECK(run.workload.train({0}) > 0);
}

TEST_CASE("pose options out of range are refused with what was found and expected") {
  const ScratchFolder folder;
  Paint(folder, 3);
  CHECK(Opened(folder.path(), {{"image_size", "100"}}).message ==
        "option image_size: found '100', expected a multiple of 16");
  for (const char* pairs : {"leftear:nose", "leftear", "leftear:leftear", ":"}) {
    CHECK(Opened(folder.path(), {{"pairs", pairs}}).message ==
          "option pairs: found '" + std::string(pairs) +
              "', expected LEFT:RIGHT, parted by commas, of the body parts snout leftear rightear tailbase");
  }
}

TEST_CASE("without a project the error names the tool that writes one") {
  const Answer answer = Opened("", {});
  CHECK(answer.code == SP_INVALID_ARGUMENT);
  CHECK(Contains(answer.message, "stallpoint-make-images DIR --pose"));
}
