// The image workload through the C table of the built plugin.
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "plugins/images/jpeg.h"
#include "plugins/make_images/painter.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/loaded_plugin.h"
#include "tests/plugins/scratch_folder.h"

namespace {

using namespace stallpoint::testing;
using stallpoint::images::EncodeJpeg;
using stallpoint::images::PaintImage;

using Settings = std::map<std::string, std::string>;

const sp_entry* Plugin() {
  static const sp_entry* entry = LoadEntry(STALLPOINT_IMAGE_PLUGIN);
  return entry;
}

constexpr int64_t kClasses = 3;

// Small painted images in class folders.
void Paint(const ScratchFolder& folder, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const auto image = PaintImage(160, 120, i % kClasses, kClasses, 0, static_cast<uint64_t>(i));
    folder.write("class_" + std::to_string(i % kClasses) + "/" + std::to_string(100 + i) + ".jpg",
                 EncodeJpeg(image, 90));
  }
}

struct Run {
  Run(const std::string& data_dir, Settings settings, const sp_knobs& knobs = Knobs())
      : host(Small(std::move(settings))), workload(Plugin(), "image_classification", host) {
    const Answer opened = workload.open(data_dir.c_str());
    INFO(opened.message);
    REQUIRE(opened.code == SP_OK);
    const Answer begun = workload.begin(knobs);
    INFO(begun.message);
    REQUIRE(begun.code == SP_OK);
  }

  static Settings Small(Settings settings) {
    settings.merge(Settings{{"image_size", "40"}, {"width", "8"}});
    return settings;
  }

  FakeHost host;
  LoadedWorkload workload;
};

std::vector<uint64_t> Batch(uint64_t step, uint64_t size, uint64_t of) {
  std::vector<uint64_t> indices;
  for (uint64_t i = 0; i < size; ++i) indices.push_back((step * size + i * 7) % of);
  return indices;
}

double Mean(const std::vector<double>& values, size_t first, size_t count) {
  double sum = 0;
  for (size_t i = first; i < first + count; ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("the loss of the image workload falls over thirty steps") {
  const ScratchFolder folder;
  Paint(folder, 60);
  Run run(folder.path(), {});
  REQUIRE(run.workload.table().sample_count(run.workload.table().self) == 60);
  std::vector<double> losses;
  for (uint64_t step = 0; step < 30; ++step) losses.push_back(run.workload.train(Batch(step, 12, 60)));
  INFO(Mean(losses, 0, 5) << " at first, " << Mean(losses, 25, 5) << " at last");
  CHECK(Mean(losses, 25, 5) < 0.7 * Mean(losses, 0, 5));
}

TEST_CASE("an image passes read, decode and transform, and what was read is counted") {
  const ScratchFolder folder;
  Paint(folder, 3);
  Run run(folder.path(), {});
  FakeArena arena;
  sp_sample sample;
  REQUIRE(run.workload.load(1, arena, &sample).code == SP_OK);
  const auto stages = run.host.stages();
  REQUIRE(stages.size() == 3);
  CHECK(stages[0].name == "read");
  CHECK(stages[0].bytes == std::filesystem::file_size(folder.path() / "class_1" / "101.jpg"));
  CHECK(stages[1].name == "decode");
  CHECK(stages[2].name == "transform");
  CHECK(sample.bytes == 3 * 40 * 40 * sizeof(float));
}

TEST_CASE("an image is cropped anew in each pass, and the same way in each run") {
  const ScratchFolder folder;
  Paint(folder, 3);
  const auto load = [&](int64_t pass) {
    Run run(folder.path(), {});
    FakeArena arena;
    sp_sample sample;
    REQUIRE(run.workload.load(1, arena, &sample, 0, pass).code == SP_OK);
    const auto* planes = *static_cast<const float* const*>(sample.data);
    return std::vector<float>(planes, planes + sample.bytes / sizeof(float));
  };
  CHECK(load(0) == load(0));
  CHECK(load(1) == load(1));
  CHECK(load(0) != load(1));
}

TEST_CASE("a step marks its parts and records its operators as nested spans") {
  const ScratchFolder folder;
  Paint(folder, 6);
  Run run(folder.path(), {});
  run.workload.train({0, 1, 2, 3});
  CHECK(run.host.marks() == std::vector<int32_t>{SP_MARK_FORWARD, SP_MARK_BACKWARD, SP_MARK_OPTIMIZER, SP_MARK_END});
  const auto spans = run.host.spans();
  CHECK(std::find(spans.begin(), spans.end(), "aten::convolution") != spans.end());
  CHECK(std::find(spans.begin(), spans.end(), "aten::convolution_backward") != spans.end());
  CHECK(run.host.open_spans() == 0);

  run.host.forget();
  run.host.enable(false);
  run.workload.train({0, 1, 2, 3});
  CHECK(run.host.spans().empty());
}

TEST_CASE("the same seed gives the same samples and the same losses, also in a second run") {
  const ScratchFolder folder;
  Paint(folder, 12);
  Run run(folder.path(), {}, Knobs(2, 5));
  const double first = run.workload.train({0, 3, 6});
  const double second = run.workload.train({1, 4, 7});
  CHECK(first != second);
  run.workload.end();
  REQUIRE(run.workload.begin(Knobs(2, 5)).code == SP_OK);
  CHECK(run.workload.train({0, 3, 6}) == Approx(first).epsilon(1e-5));
}

TEST_CASE("workers that load at once give what one worker gives") {
  const ScratchFolder folder;
  Paint(folder, 16);
  Run run(folder.path(), {}, Knobs(4));
  const auto load_all = [&](int32_t worker) {
    std::vector<std::vector<char>> loaded;
    for (uint64_t i = 0; i < 16; ++i) {
      FakeArena arena;
      sp_sample sample;
      if (run.workload.load(i, arena, &sample, worker).code != SP_OK) return loaded;
      struct Loaded {
        const char* planes;
        int64_t label;
      };
      const char* planes = static_cast<const Loaded*>(sample.data)->planes;
      loaded.emplace_back(planes, planes + sample.bytes);
    }
    return loaded;
  };
  std::vector<std::vector<std::vector<char>>> results(4);
  std::vector<std::thread> workers;
  for (int32_t w = 0; w < 4; ++w) workers.emplace_back([&, w] { results[static_cast<size_t>(w)] = load_all(w); });
  for (std::thread& worker : workers) worker.join();
  REQUIRE(results[0].size() == 16);
  for (const auto& result : results) CHECK(result == results[0]);
}

TEST_CASE("batches of one and of uneven sizes train") {
  const ScratchFolder folder;
  Paint(folder, 6);
  Run run(folder.path(), {{"image_size", "33"}});
  CHECK(run.workload.train({2}) > 0);
  CHECK(run.workload.train({0, 1, 2, 3, 4}) > 0);
}

TEST_CASE("with accumulation the network changes every so many batches") {
  const ScratchFolder folder;
  Paint(folder, 6);
  Run run(folder.path(), {}, Knobs(1, 0, 2));
  std::vector<int32_t> stepped;
  for (int i = 0; i < 4; ++i) {
    BuiltBatch batch;
    REQUIRE(run.workload.build({0, 1, 2}, &batch).code == SP_OK);
    sp_step_result result;
    REQUIRE(run.workload.step(batch, &result).code == SP_OK);
    stepped.push_back(result.optimizer_stepped);
  }
  CHECK(stepped == std::vector<int32_t>{0, 1, 0, 1});
}

TEST_CASE("an image that cannot be decoded is lost data with its file's name") {
  const ScratchFolder folder;
  Paint(folder, 3);
  folder.write("class_0/broken.jpg", "this is not a JPEG");
  folder.write("class_0/empty.jpg", "");
  Run run(folder.path(), {});
  FakeArena arena;
  sp_sample sample;
  const Answer broken = run.workload.load(1, arena, &sample);
  CHECK(broken.code == SP_DATA_LOSS);
  CHECK(Contains(broken.message, "class_0/broken.jpg: cannot be decoded as JPEG"));
  const Answer empty = run.workload.load(2, arena, &sample);
  CHECK(empty.code == SP_DATA_LOSS);
  CHECK(empty.message == "class_0/empty.jpg: is empty");
  CHECK(run.workload.load(0, arena, &sample).code == SP_OK);
}

TEST_CASE("fault bad_sample is lost data with the file's name") {
  const ScratchFolder folder;
  Paint(folder, 3);
  Run run(folder.path(), {{"bad_sample", "2"}});
  FakeArena arena;
  sp_sample sample;
  const Answer answer = run.workload.load(2, arena, &sample);
  CHECK(answer.code == SP_DATA_LOSS);
  CHECK(Contains(answer.message, "class_2/102.jpg"));
}

TEST_CASE("without a folder the error names the tool that writes one") {
  FakeHost host;
  LoadedWorkload workload(Plugin(), "image_classification", host);
  const Answer answer = workload.open();
  CHECK(answer.code == SP_INVALID_ARGUMENT);
  CHECK(Contains(answer.message, "stallpoint-make-images DIR"));
}

TEST_CASE("a device that LibTorch does not train on is refused by name, an emulated one needs no network") {
  const ScratchFolder folder;
  Paint(folder, 3);
  Run run(folder.path(), {});
  run.workload.end();
  sp_knobs knobs = Knobs();
  knobs.device = "tpu:0";
  const Answer answer = run.workload.begin(knobs);
  CHECK(answer.code == SP_FAILED_PRECONDITION);
  CHECK(Contains(answer.message, "found 'tpu:0'"));
  knobs.device = "emulated";
  knobs.emulated = 1;
  CHECK(run.workload.begin(knobs).code == SP_OK);
}

TEST_CASE("fewer classes than the data have is refused") {
  const ScratchFolder folder;
  Paint(folder, 6);
  FakeHost host(Settings{{"classes", "2"}});
  LoadedWorkload workload(Plugin(), "image_classification", host);
  const Answer answer = workload.open(folder.path().c_str());
  CHECK(answer.code == SP_INVALID_ARGUMENT);
  CHECK(answer.message == "option classes: found '2', expected at least the 3 classes of the data, or 0");
}

TEST_CASE("the plugin says what LibTorch it was built with") {
  CHECK(Contains(Plugin()->build_fingerprint, "torch="));
  CHECK(Contains(Plugin()->build_fingerprint, ";cxx11abi="));
}

TEST_CASE("real photographs of blood cells load, with hashed classes") {
  const std::filesystem::path data = std::filesystem::path(STALLPOINT_SOURCE_DIR) / ".." / "shared" / "data" / "bccd";
  if (!std::filesystem::exists(data)) {
    WARN("skipped: " << data << " is absent");
    return;
  }
  Run run(data, {{"image_size", "64"}});
  CHECK(run.workload.table().sample_count(run.workload.table().self) == 364);
  REQUIRE(run.host.log().size() == 1);
  CHECK(Contains(run.host.log()[0], "hash of the file name"));
  CHECK(run.workload.train({0, 50, 100, 363}) > 0);
}
