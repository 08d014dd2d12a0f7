#include "plugins/pose_estimation/pose_project.h"

#include <filesystem>
#include <string>

#include "catch.h"
#include "plugins/make_images/painter.h"
#include "plugins/make_images/pose_writer.h"
#include "stallpoint/plugin/error.h"
#include "tests/plugins/loaded_plugin.h"
#include "tests/plugins/scratch_folder.h"

namespace stallpoint::pose_estimation {
namespace {

using stallpoint::testing::Contains;
using stallpoint::testing::ScratchFolder;

constexpr const char* kConfig = "scorer: ann\nbodyparts:\n- snout\n- tail\n";

std::string Table(const std::string& rows) {
  return "scorer,a,a,a,a\nbodyparts,snout,snout,tail,tail\ncoords,x,y,x,y\n" + rows;
}

// Two videos of two and one frames.
void WriteProject(const ScratchFolder& folder) {
  folder.write("config.yaml", kConfig);
  folder.write("labeled-data/m1/CollectedData_ann.csv",
               Table("labeled-data/m1/b.png,1,2,3,4\nlabeled-data/m1/a.png,1,2,,\n"));
  folder.write("labeled-data/m1/a.png", "x");
  folder.write("labeled-data/m1/b.png", "x");
  folder.write("labeled-data/m2/CollectedData_ann.csv", Table("labeled-data/m2/a.png,1,2,3,4\n"));
  folder.write("labeled-data/m2/a.png", "x");
  folder.write("labeled-data/m2_labeled/a.png", "x");
}

plugin::Error ProjectRefusal(const std::filesystem::path& folder) {
  try {
    const PoseProject project(folder, PoseProject::MissingFrames::kRefuse);
  } catch (const plugin::Error& error) {
    return error;
  }
  return plugin::Error(SP_OK, "accepted");
}

std::string ConfigRefusal(const std::string& yaml) {
  try {
    ParsePoseConfig(yaml, "config.yaml");
  } catch (const plugin::Error& error) {
    CHECK(error.code() == SP_INVALID_ARGUMENT);
    return error.what();
  }
  return "parsed";
}

}  // namespace

TEST_CASE("config.yaml names the scorer and the body parts, of several animals too") {
  const PoseConfig one = ParsePoseConfig("scorer: ann\nmultianimalproject:\nbodyparts: [snout, tail]\n", "c");
  CHECK(one.scorer == "ann");
  CHECK(one.parts == std::vector<std::string>{"snout", "tail"});
  const PoseConfig several = ParsePoseConfig(
      "scorer:\nmultianimalproject: true\nindividuals: [a, b]\nbodyparts: MULTI!\nuniquebodyparts: [corner]\n"
      "multianimalbodyparts:\n- snout\n",
      "c");
  CHECK(several.scorer.empty());
  CHECK(several.parts == std::vector<std::string>{"snout", "corner"});
}

TEST_CASE("a config.yaml that is none is refused with what was expected") {
  CHECK(Contains(ConfigRefusal("bodyparts: [snout\nx: :"), "config.yaml: is not YAML: "));
  CHECK(Contains(ConfigRefusal("just words"), "config.yaml: found no keys, expected those of a DeepLabCut project"));
  CHECK(Contains(ConfigRefusal("scorer: ann\n"), "config.yaml: found no list `bodyparts`, expected the names"));
  CHECK(Contains(ConfigRefusal("multianimalproject: true\nbodyparts: MULTI!\n"), "no list `multianimalbodyparts`"));
  CHECK(Contains(ConfigRefusal("bodyparts: [[a]]\n"), "what is no name"));
  CHECK(Contains(ConfigRefusal("bodyparts: [a, b, a]\n"), "found the body part a twice"));
  CHECK(Contains(ConfigRefusal("bodyparts: []\n"), "found no body parts"));
}

TEST_CASE("a project's frames come by video and as its CSV has them, and are counted") {
  const ScratchFolder folder;
  WriteProject(folder);
  const PoseProject project(folder.path(), PoseProject::MissingFrames::kRefuse);
  REQUIRE(project.frames().size() == 3);
  CHECK(project.frames()[0].name == "labeled-data/m1/b.png");
  CHECK(project.frames()[1].name == "labeled-data/m1/a.png");
  CHECK(project.frames()[2].name == "labeled-data/m2/a.png");
  CHECK(project.path_of(project.frames()[2]) == folder.path() / "labeled-data/m2/a.png");
  CHECK(project.summary() == "3 labelled frames of 2 videos, 2 body parts, 5 keypoints, 1 missing");
  CHECK(project.disagreements().empty());
}

TEST_CASE("what config.yaml and the CSV do not agree on is told") {
  const ScratchFolder folder;
  WriteProject(folder);
  folder.write("config.yaml", "scorer: ann\nbodyparts: [snout, nose]\n");
  const PoseProject project(folder.path(), PoseProject::MissingFrames::kRefuse);
  CHECK(project.disagreements() ==
        std::vector<std::string>{"body part tail has keypoints and is not in config.yaml: it is left out",
                                 "body part nose of config.yaml has no keypoint in any frame"});
}

TEST_CASE("of several scorers the CSV of config.yaml's is taken, and without it one must be alone") {
  const ScratchFolder folder;
  WriteProject(folder);
  folder.write("labeled-data/m1/CollectedData_zoe.csv", Table(""));
  CHECK(PoseProject(folder.path(), PoseProject::MissingFrames::kRefuse).frames().size() == 3);
  folder.write("config.yaml", "scorer: tom\nbodyparts: [snout, tail]\n");
  CHECK(Contains(
      ProjectRefusal(folder.path()).what(),
      "m1: found CollectedData_ann.csv and CollectedData_zoe.csv, expected that of config.yaml's scorer 'tom'"));
  std::filesystem::remove(folder.path() / "labeled-data/m1/CollectedData_zoe.csv");
  CHECK(PoseProject(folder.path(), PoseProject::MissingFrames::kRefuse).frames().size() == 3);
}

TEST_CASE("a missing frame is refused with its file, or kept when bad samples are skipped") {
  const ScratchFolder folder;
  WriteProject(folder);
  std::filesystem::remove(folder.path() / "labeled-data/m1/a.png");
  const plugin::Error error = ProjectRefusal(folder.path());
  CHECK(error.code() == SP_NOT_FOUND);
  CHECK(
      Contains(error.what(), "labeled-data/m1/CollectedData_ann.csv: found no file for 1 of its 2 frames, expected "));
  CHECK(Contains(error.what(), "labeled-data/m1/a.png (--set on_bad_sample=skip leaves them out)"));
  CHECK(PoseProject(folder.path(), PoseProject::MissingFrames::kKeep).frames().size() == 3);
}

TEST_CASE("a folder that is no project is refused with what is there and what was expected") {
  const ScratchFolder folder;
  CHECK(Contains(ProjectRefusal(folder.path() / "absent").what(),
                 "absent: found nothing, expected the folder of a DeepLabCut"));
  CHECK(Contains(ProjectRefusal(folder.path()).what(),
                 "found no config.yaml, expected a DeepLabCut project: config.yaml, "));

  WriteProject(folder);
  CHECK(Contains(ProjectRefusal(folder.path() / "config.yaml").what(),
                 "config.yaml: found a file, expected the folder of"));
  const std::string below = ProjectRefusal(folder.path() / "labeled-data" / "m1").what();
  CHECK(Contains(below, "m1: found CollectedData_ann.csv and no config.yaml, expected a DeepLabCut project"));
  CHECK(Contains(below, "; is it " + folder.path().string() + "?"));

  std::filesystem::remove_all(folder.path() / "labeled-data" / "m1");
  std::filesystem::remove_all(folder.path() / "labeled-data" / "m2");
  CHECK(Contains(ProjectRefusal(folder.path()).what(),
                 "found no CollectedData_*.csv in the folders of labeled-data, expected "
                 "labeled-data/VIDEO/CollectedData_SCORER.csv"));
  std::filesystem::remove_all(folder.path() / "labeled-data");
  CHECK(Contains(ProjectRefusal(folder.path()).what(), "found config.yaml and no folder labeled-data, expected "));
}

TEST_CASE("a project without a single keypoint is refused") {
  const ScratchFolder folder;
  folder.write("config.yaml", kConfig);
  folder.write("labeled-data/m1/CollectedData_ann.csv", Table("labeled-data/m1/a.png,,,,\n"));
  folder.write("labeled-data/m1/a.png", "x");
  CHECK(Contains(ProjectRefusal(folder.path()).what(), "found no keypoint in any of its 1 frames, expected labels"));
}

TEST_CASE("a painted project is read back as it was painted, one keypoint in twenty missing") {
  const ScratchFolder folder;
  images::PoseWriter writer(folder.path(), 50, 160, 120, 3);
  for (int64_t i = 0; i < 50; ++i) writer.WriteFrame(i);
  writer.WriteLabels();
  const PoseProject project(folder.path(), PoseProject::MissingFrames::kRefuse);
  REQUIRE(project.frames().size() == 50);
  CHECK(project.parts() == images::kAnimalParts);
  CHECK(project.disagreements().empty());
  size_t keypoints = 0;
  for (size_t i = 0; i < 50; ++i) {
    const images::PaintedAnimal animal = images::PaintAnimal(160, 120, 3, i);
    for (const Keypoint& keypoint : project.frames()[i].keypoints) {
      const images::PaintedPoint& point = animal.points[static_cast<size_t>(keypoint.part)];
      CHECK(keypoint.x == Approx(point.x).margin(1e-3));
      CHECK(keypoint.y == Approx(point.y).margin(1e-3));
    }
    keypoints += project.frames()[i].keypoints.size();
  }
  CHECK(keypoints > 180);
  CHECK(keypoints < 198);
}

TEST_CASE("DeepLabCut's open field project is read as it was published") {
  const std::filesystem::path data = std::filesystem::path(STALLPOINT_SOURCE_DIR) / ".." / "shared/data/openfield";
  if (!std::filesystem::exists(data)) {
    WARN("skipped: " << data << " is absent");
    return;
  }
  const PoseProject project(data, PoseProject::MissingFrames::kRefuse);
  CHECK(project.frames().size() == 116);
  CHECK(project.parts() == std::vector<std::string>{"snout", "leftear", "rightear", "tailbase"});
  CHECK(project.frames()[0].name == "labeled-data/m4s1/img0000.png");
  CHECK(project.frames()[0].keypoints[0].x == Approx(21.521));
  CHECK(project.disagreements().empty());
}

}  // namespace stallpoint::pose_estimation
