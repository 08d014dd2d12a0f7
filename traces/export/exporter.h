// Writes a trace in a format that other tools open.
//
//   nsys      NVTXT, which Nsight Systems' `ImportNvtxt` turns into a report
//   perfetto  Perfetto's own protobuf
//   csv       one row per iteration
//
// Exports speak of the main run of the file unless told otherwise. Any thread.
#ifndef STALLPOINT_TRACES_EXPORT_EXPORTER_H_
#define STALLPOINT_TRACES_EXPORT_EXPORTER_H_

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace stallpoint {

class TraceEvents;

struct ExportOptions {
  // Position of the run in the file, from 0.
  std::optional<size_t> run;
};

// The names that `format` may have.
std::vector<std::string> ExportFormats();

// InvalidArgument: no such format or run. DataLoss and others: the trace, as LoadTrace. ResourceExhausted: the output
// could not be written.
absl::Status ExportTrace(const std::string& trace_path, const std::string& format, std::ostream& out,
                         const ExportOptions& options = {});

absl::Status ExportTrace(TraceEvents& events, const std::string& format, std::ostream& out,
                         const ExportOptions& options = {});

// The same into a file of mode 0600; a regular file that exists is replaced, a link, device or FIFO is refused. Nothing
// is left behind when the export fails.
absl::Status ExportTrace(const std::string& trace_path, const std::string& format, const std::string& out_path,
                         const ExportOptions& options = {});

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_EXPORTER_H_
