#include "plugins/image_classification/image_folder.h"

#include <set>
#include <string>

#include "catch.h"
#include "stallpoint/plugin/error.h"
#include "tests/plugins/loaded_plugin.h"
#include "tests/plugins/scratch_folder.h"

namespace stallpoint::image_classification {

using stallpoint::testing::Contains;
using stallpoint::testing::ScratchFolder;

TEST_CASE("class folders give the classes, by the name of the folder that holds a file") {
  const ScratchFolder folder;
  folder.write("train/dog/b.JPG", "x");
  folder.write("train/cat/a.jpeg", "x");
  folder.write("val/dog/c.jpg", "x");
  folder.write("labels.csv", "a.jpeg,7\n");
  const ImageFolder images(folder.path(), 10);
  REQUIRE(images.files().size() == 3);
  CHECK(images.labels() == ImageFolder::Labels::kFolders);
  CHECK(images.class_count() == 2);
  CHECK(images.files()[0].name == "train/cat/a.jpeg");
  CHECK(images.files()[0].label == 0);
  CHECK(images.files()[1].label == 1);
  CHECK(images.files()[2].label == 1);
}

TEST_CASE("a CSV gives the classes when one folder holds all files, and leaves out what it does not name") {
  const ScratchFolder folder;
  for (const char* name : {"images/1.jpg", "images/2.jpg", "images/3.jpg"}) folder.write(name, "x");
  folder.write("labels.csv", "file,label\r\n\"1.jpg\", good ,\r\nimages/3.jpg,bad\r\n");
  const ImageFolder images(folder.path(), 10);
  REQUIRE(images.files().size() == 2);
  CHECK(images.labels() == ImageFolder::Labels::kCsv);
  CHECK(images.files()[0].label == 1);
  CHECK(images.files()[1].label == 0);
  CHECK(images.summary() == "2 JPEG files, 2 classes by labels.csv; 1 files that it does not name are left out");
}

TEST_CASE("without folders or CSV the class is a hash of the name, and the summary says so") {
  const ScratchFolder folder;
  for (int i = 0; i < 40; ++i) folder.write(std::to_string(i) + ".jpg", "x");
  const ImageFolder images(folder.path(), 4);
  CHECK(images.labels() == ImageFolder::Labels::kHash);
  std::set<int64_t> labels;
  for (const ImageFile& file : images.files()) labels.insert(file.label);
  CHECK(labels == std::set<int64_t>{0, 1, 2, 3});
  CHECK(Contains(images.summary(), "hash of the file name"));
}

TEST_CASE("a folder without JPEG files is refused with what is there instead") {
  const ScratchFolder folder;
  folder.write("frames/a.png", "x");
  folder.write("frames/b.png", "x");
  folder.write("notes.txt", "x");
  try {
    const ImageFolder images(folder.path(), 10);
    FAIL("accepted");
  } catch (const plugin::Error& error) {
    CHECK(error.code() == SP_NOT_FOUND);
    CHECK(Contains(error.what(), "found 2 '.png' files and the like, expected JPEG files"));
  }
  CHECK_THROWS_AS(ImageFolder(folder.path() / "absent", 10), plugin::Error);
}

}  // namespace stallpoint::image_classification
