#include "plugins/pose_estimation/keypoint_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "plugins/images/csv.h"
#include "stallpoint/plugin/error.h"

namespace stallpoint::pose_estimation {
namespace {

using images::CsvRow;

// Where one keypoint's coordinates stand in a row.
struct Columns {
  int part;
  std::string label;  // for errors
  size_t x = 0;       // 0: none, since the first column names the frame
  size_t y = 0;
};

class TableParser {
 public:
  TableParser(const std::string& csv, const std::string& name, const std::vector<std::string>& parts)
      : name_(name), parts_(parts), rows_(images::ParseCsv(csv)) {}

  KeypointTable Parse() {
    ReadHeader();
    for (size_t row = header_rows_; row < rows_.size(); ++row) ReadFrame(row);
    return std::move(table_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw plugin::Error(SP_INVALID_ARGUMENT, name_ + ": " + why);
  }

  // The cells of the header row that begins with `title`.
  const CsvRow& Header(const std::string& title) {
    const bool there = header_rows_ < rows_.size() && !rows_[header_rows_].empty();
    std::string found = there ? rows_[header_rows_][0] : "no row";
    if (found.starts_with("\xEF\xBB\xBF")) found.erase(0, 3);  // a byte order mark, as Excel writes it
    if (found != title) {
      Refuse("row " + std::to_string(header_rows_ + 1) + ": found '" + found.substr(0, 40) + "', expected '" + title +
             "': the header rows of DeepLabCut are scorer, bodyparts, coords");
    }
    return rows_[header_rows_++];
  }

  void ReadHeader() {
    const size_t width = Header("scorer").size();
    const bool several_animals = header_rows_ < rows_.size() && rows_[header_rows_][0] == "individuals";
    const CsvRow* individuals = several_animals ? &Header("individuals") : nullptr;
    const CsvRow& bodyparts = Header("bodyparts");
    const CsvRow& coords = Header("coords");
    if (bodyparts.size() != width || coords.size() != width ||
        (individuals != nullptr && individuals->size() != width)) {
      Refuse("its header rows have different numbers of cells, expected as many in each");
    }
    while (index_columns_ < width && bodyparts[index_columns_].empty()) ++index_columns_;
    if (index_columns_ != 1 && index_columns_ != 3) {
      Refuse("found " + std::to_string(index_columns_) + " columns before the first body part, expected 1 " +
             "(labeled-data/VIDEO/IMAGE) or 3");
    }
    std::map<std::pair<std::string, std::string>, size_t> place_of;
    for (size_t column = index_columns_; column < width; ++column) {
      const auto part = std::find(parts_.begin(), parts_.end(), bodyparts[column]);
      if (part == parts_.end()) {
        auto& unknown = table_.unknown_parts;
        if (std::find(unknown.begin(), unknown.end(), bodyparts[column]) == unknown.end())
          unknown.push_back(bodyparts[column]);
        continue;
      }
      const std::string individual = individuals != nullptr ? (*individuals)[column] : "";
      const auto [place, is_new] = place_of.try_emplace({individual, bodyparts[column]}, columns_.size());
      if (is_new) {
        const std::string label = individual.empty() ? bodyparts[column] : individual + " " + bodyparts[column];
        columns_.push_back({static_cast<int>(part - parts_.begin()), label});
      }
      Columns& columns = columns_[place->second];
      if (coords[column] != "x" && coords[column] != "y") continue;  // a likelihood
      size_t& coordinate = coords[column] == "x" ? columns.x : columns.y;
      if (coordinate != 0) Refuse("found two columns " + coords[column] + " of " + columns.label + ", expected one");
      coordinate = column;
    }
    for (const Columns& columns : columns_) {
      if (columns.x == 0 || columns.y == 0) Refuse("found no x or no y of " + columns.label + ", expected both");
    }
    if (columns_.empty()) {
      Refuse("found " + List(table_.unknown_parts) +
             ", expected some of the body parts of config.yaml: " + List(parts_));
    }
    table_.keypoints_a_frame = columns_.size();
    width_ = width;
  }

  void ReadFrame(size_t row) {
    const CsvRow& cells = rows_[row];
    if (std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return cell.empty(); })) return;
    const std::string place = "row " + std::to_string(row + 1);
    if (cells.size() != width_) {
      Refuse(place + ": found " + std::to_string(cells.size()) + " cells, expected " + std::to_string(width_) +
             " as in the header");
    }
    LabelledFrame frame;
    for (size_t i = 0; i < index_columns_; ++i) {
      if (cells[i].empty()) Refuse(place + ": found no name of a frame, expected labeled-data/VIDEO/IMAGE");
      frame.name += (i == 0 ? "" : "/") + cells[i];
    }
    std::replace(frame.name.begin(), frame.name.end(), '\\', '/');  // as written on Windows
    for (const Columns& columns : columns_) {
      const std::string where = place + " (" + frame.name + "), " + columns.label;
      const std::optional<double> x = Coordinate(cells[columns.x], where);
      const std::optional<double> y = Coordinate(cells[columns.y], where);
      if (x && y) frame.keypoints.push_back({columns.part, *x, *y});
    }
    table_.frames.push_back(std::move(frame));
  }

  std::optional<double> Coordinate(const std::string& cell, const std::string& where) const {
    if (cell.empty()) return std::nullopt;
    double value = 0;
    const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (problem != std::errc() || end != cell.data() + cell.size() || std::isinf(value)) {
      Refuse(where + ": found '" + cell.substr(0, 40) +
             "', expected a number, or nothing where the keypoint is missing");
    }
    if (std::isnan(value)) return std::nullopt;
    return value;
  }

  static std::string List(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "no body parts" : list;
  }

  const std::string& name_;
  const std::vector<std::string>& parts_;
  std::vector<CsvRow> rows_;
  size_t header_rows_ = 0;
  size_t index_columns_ = 1;
  size_t width_ = 0;
  std::vector<Columns> columns_;
  KeypointTable table_;
};

}  // namespace

KeypointTable ParseKeypointTable(const std::string& csv, const std::string& name,
                                 const std::vector<std::string>& parts) {
  return TableParser(csv, name, parts).Parse();
}

}  // namespace stallpoint::pose_estimation
