// Comma-separated values, by libcsv.
#ifndef STALLPOINT_PLUGINS_IMAGES_CSV_H_
#define STALLPOINT_PLUGINS_IMAGES_CSV_H_

#include <string>
#include <vector>

namespace stallpoint::images {

using CsvRow = std::vector<std::string>;

// The rows of `text`: fields without their quotes and the blanks around them, empty lines left out. What does not keep
// the rules of quoting is read as far as it has a meaning.
std::vector<CsvRow> ParseCsv(const std::string& text);

}  // namespace stallpoint::images

#endif  // STALLPOINT_PLUGINS_IMAGES_CSV_H_
