#include "plugins/make_images/pose_writer.h"

#include <cstdio>
#include <string>
#include <utility>

#include "plugins/images/png.h"
#include "plugins/make_images/write_file.h"
#include "plugins/support/keyed_random.h"

namespace stallpoint::images {
namespace {

constexpr const char* kVideo = "labeled-data/painted";

std::string FrameName(int64_t i) {
  char name[32];
  std::snprintf(name, sizeof(name), "img%04d.png", static_cast<int>(i));
  return name;
}

std::string CellsOf(const PaintedPoint& point, bool missing) {
  if (missing) return ",,";
  char cells[64];
  std::snprintf(cells, sizeof(cells), ",%.3f,%.3f", point.x, point.y);
  return cells;
}

}  // namespace

PoseWriter::PoseWriter(std::filesystem::path folder, int64_t count, int width, int height, uint64_t seed)
    : folder_(std::move(folder)), width_(width), height_(height), seed_(seed), points_(static_cast<size_t>(count)) {}

size_t PoseWriter::WriteFrame(int64_t i) {
  PaintedAnimal animal = PaintAnimal(width_, height_, seed_, static_cast<uint64_t>(i));
  const std::vector<uint8_t> png = EncodePng(animal.image);
  WriteFile(folder_ / kVideo / FrameName(i), {png.begin(), png.end()});
  points_[static_cast<size_t>(i)] = std::move(animal.points);
  return png.size();
}

void PoseWriter::WriteLabels() const {
  std::string config = "Task: painted\nscorer: painter\nmultianimalproject: false\nvideo_sets: {}\nbodyparts:\n";
  std::string scorer = "scorer";
  std::string bodyparts = "bodyparts";
  std::string coords = "coords";
  for (const std::string& part : kAnimalParts) {
    config.append("- ").append(part).append("\n");
    scorer += ",painter,painter";
    bodyparts.append(",").append(part).append(",").append(part);
    coords += ",x,y";
  }
  std::string table = scorer.append("\n").append(bodyparts).append("\n").append(coords).append("\n");
  for (size_t frame = 0; frame < points_.size(); ++frame) {
    table.append(kVideo).append("/").append(FrameName(static_cast<int64_t>(frame)));
    bundled::KeyedRandom random(seed_, "missing", frame);
    for (const PaintedPoint& point : points_[frame]) table += CellsOf(point, random.uniform() < 0.05);
    table += "\n";
  }
  WriteFile(folder_ / "config.yaml", config);
  WriteFile(folder_ / kVideo / "CollectedData_painter.csv", table);
}

}  // namespace stallpoint::images
