// Writes one row per iteration: when and how long main waited, loaded, issued and waited, what the device did, and what
// each stage of the batch cost. Columns of stages follow their order in the run.
#ifndef STALLPOINT_TRACES_EXPORT_CSV_H_
#define STALLPOINT_TRACES_EXPORT_CSV_H_

#include <ostream>
#include <string>
#include <string_view>

#include "traces/run_record.h"

namespace stallpoint {

// Times are milliseconds, `_at` since the beginning of the run; a cell is empty where nothing was recorded.
void WriteIterationsCsv(const RunRecord& run, std::ostream& out);

// Text as a cell of RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front.
std::string CsvText(std::string_view text);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_CSV_H_
