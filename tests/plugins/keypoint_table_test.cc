#include "plugins/pose_estimation/keypoint_table.h"

#include <string>
#include <vector>

#include "catch.h"
#include "stallpoint/plugin/error.h"
#include "tests/plugins/loaded_plugin.h"

namespace stallpoint::pose_estimation {
namespace {

using stallpoint::testing::Contains;

const std::vector<std::string> kEarsAndTail = {"leftear", "rightear", "tail"};

KeypointTable ParseTable(const std::string& csv) { return ParseKeypointTable(csv, "C.csv", kEarsAndTail); }

std::string TableRefusal(const std::string& csv) {
  try {
    ParseTable(csv);
  } catch (const plugin::Error& error) {
    CHECK(error.code() == SP_INVALID_ARGUMENT);
    return error.what();
  }
  return "parsed";
}

constexpr const char* kHeader =
    "scorer,ann,ann,ann,ann\n"
    "bodyparts,tail,tail,leftear,leftear\n"
    "coords,x,y,x,y\n";

}  // namespace

TEST_CASE("a frame is named by one column or by three, and its keypoints by the names of their columns") {
  const std::string one = std::string(kHeader) + "labeled-data/m1/a.png,1,2.5,3,4\n";
  const std::string three =
      "scorer,,,ann,ann,ann,ann\r\nbodyparts,,,tail,tail,leftear,leftear\r\ncoords,,,x,y,x,y\r\n"
      "labeled-data,m1,a.png,1,2.5,3,4\r\n";
  for (const std::string& csv : {one, three}) {
    const KeypointTable table = ParseTable(csv);
    CHECK(table.keypoints_a_frame == 2);
    REQUIRE(table.frames.size() == 1);
    CHECK(table.frames[0].name == "labeled-data/m1/a.png");
    const auto& keypoints = table.frames[0].keypoints;
    REQUIRE(keypoints.size() == 2);
    CHECK(keypoints[0].part == 2);
    CHECK(keypoints[0].x == 1);
    CHECK(keypoints[0].y == 2.5);
    CHECK(keypoints[1].part == 0);
  }
}

TEST_CASE("an empty cell or NaN is a missing keypoint") {
  const KeypointTable table = ParseTable(std::string(kHeader) + "a.png,,,3,4\nb.png,nan,NaN,,\nc.png,1,,2,3\n");
  REQUIRE(table.frames.size() == 3);
  CHECK(table.frames[0].keypoints.size() == 1);
  CHECK(table.frames[0].keypoints[0].part == 0);
  CHECK(table.frames[1].keypoints.empty());
  CHECK(table.frames[2].keypoints.size() == 1);
}

TEST_CASE("of several animals each keypoint counts for its body part") {
  const KeypointTable table = ParseTable(
      "scorer,a,a,a,a,a,a\n"
      "individuals,mus1,mus1,mus2,mus2,single,single\n"
      "bodyparts,tail,tail,tail,tail,leftear,leftear\n"
      "coords,x,y,x,y,x,y\n"
      "a.png,1,2,3,4,5,6\n");
  CHECK(table.keypoints_a_frame == 3);
  REQUIRE(table.frames[0].keypoints.size() == 3);
  CHECK(table.frames[0].keypoints[0].part == 2);
  CHECK(table.frames[0].keypoints[1].part == 2);
  CHECK(table.frames[0].keypoints[1].x == 3);
  CHECK(table.frames[0].keypoints[2].part == 0);
}

TEST_CASE("names as written on Windows, a byte order mark, a likelihood and quotes do no harm") {
  const KeypointTable table = ParseTable(
      "\xEF\xBB\xBFscorer,a,a,a\r\n"
      "bodyparts,tail,tail,tail\r\n"
      "coords,x,y,likelihood\r\n"
      "\"labeled-data\\m1\\a.png\",1,2,0.9\r\n"
      ",,,\r\n");
  REQUIRE(table.frames.size() == 1);
  CHECK(table.frames[0].name == "labeled-data/m1/a.png");
  CHECK(table.frames[0].keypoints.size() == 1);
}

TEST_CASE("body parts that are not asked for are left out and told") {
  const KeypointTable table =
      ParseTable("scorer,a,a,a,a\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\na.png,1,2,3,4\n");
  CHECK(table.unknown_parts == std::vector<std::string>{"nose"});
  CHECK(table.frames[0].keypoints.size() == 1);
  CHECK(TableRefusal("scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n") ==
        "C.csv: found nose, expected some of the body parts of config.yaml: leftear, rightear, tail");
}

TEST_CASE("what is laid out differently is refused with the row and what was expected") {
  CHECK(TableRefusal("") ==
        "C.csv: row 1: found 'no row', expected 'scorer': the header rows of DeepLabCut are scorer, "
        "bodyparts, coords");
  CHECK(Contains(TableRefusal("name,label\na.png,cat\n"), "row 1: found 'name', expected 'scorer'"));
  CHECK(Contains(TableRefusal("scorer,a,a\nbodyparts,tail,tail\n"), "row 3: found 'no row', expected 'coords'"));
  CHECK(Contains(TableRefusal("scorer,a,a\nbodyparts,tail\ncoords,x,y\n"), "different numbers of cells"));
  CHECK(Contains(TableRefusal("scorer,,a,a\nbodyparts,,tail,tail\ncoords,,x,y\n"),
                 "found 2 columns before the first body part, expected 1"));
  CHECK(TableRefusal("scorer,a,a\nbodyparts,tail,tail\ncoords,x,x\n") ==
        "C.csv: found two columns x of tail, expected one");
  CHECK(TableRefusal("scorer,a\nbodyparts,tail\ncoords,x\n") == "C.csv: found no x or no y of tail, expected both");
  CHECK(TableRefusal(std::string(kHeader) + "a.png,1,2\n") ==
        "C.csv: row 4: found 3 cells, expected 5 as in the header");
  CHECK(TableRefusal(std::string(kHeader) + "a.png,1,2,3,4\nb.png,1,2,three,4\n") ==
        "C.csv: row 5 (b.png), leftear: found 'three', expected a number, or nothing where the keypoint is missing");
  CHECK(Contains(TableRefusal(std::string(kHeader) + "a.png,1,inf,3,4\n"), "found 'inf', expected a number"));
  CHECK(Contains(TableRefusal(std::string(kHeader) + ",1,2,3,4\n"), "found no name of a frame"));
}

}  // namespace stallpoint::pose_estimation
