#include "plugins/images/csv.h"

#include <csv.h>

#include <new>
#include <utility>

namespace stallpoint::images {
namespace {

struct CsvTable {
  std::vector<CsvRow> rows;
  CsvRow row;
};

void AddField(void* field, size_t size, void* table) {
  static_cast<CsvTable*>(table)->row.emplace_back(static_cast<const char*>(field), size);
}

void EndRow(int /*terminator*/, void* table) {
  auto* t = static_cast<CsvTable*>(table);
  t->rows.push_back(std::move(t->row));
  t->row.clear();
}

}  // namespace

std::vector<CsvRow> ParseCsv(const std::string& text) {
  csv_parser parser;
  if (csv_init(&parser, 0) != 0) throw std::bad_alloc();
  CsvTable table;
  const size_t parsed = csv_parse(&parser, text.data(), text.size(), &AddField, &EndRow, &table);
  const bool ended = csv_fini(&parser, &AddField, &EndRow, &table) == 0;
  csv_free(&parser);
  if (parsed != text.size() || !ended) throw std::bad_alloc();
  return std::move(table.rows);
}

}  // namespace stallpoint::images
