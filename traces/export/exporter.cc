#include "traces/export/exporter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ext/stdio_filebuf.h>
#include <ostream>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "traces/export/csv.h"
#include "traces/export/nvtxt.h"
#include "traces/export/perfetto.h"
#include "traces/export/timeline_export.h"
#include "traces/trace_events.h"

namespace stallpoint {
namespace {

struct Source {
  TraceEvents& events;
  const RunRecord& run;
};

absl::Status WriteNvtxt(const Source& source, std::ostream& out) {
  NvtxtSink sink(source.run, out);
  return DrawTimeline(source.events, source.run, sink);
}

absl::Status WritePerfetto(const Source& source, std::ostream& out) {
  PerfettoSink sink(source.run, source.events.decoder().FirstSnapshotOfRun(source.run.run_id), out);
  return DrawTimeline(source.events, source.run, sink);
}

absl::Status WriteCsv(const Source& source, std::ostream& out) {
  WriteIterationsCsv(source.run, out);
  return absl::OkStatus();
}

struct Format {
  const char* name;
  absl::Status (*write)(const Source& source, std::ostream& out);
};
constexpr Format kFormats[] = {{"nsys", WriteNvtxt}, {"perfetto", WritePerfetto}, {"csv", WriteCsv}};

const Format* FindFormat(const std::string& name) {
  for (const Format& format : kFormats) {
    if (name == format.name) return &format;
  }
  return nullptr;
}

absl::Status NoSuchFormat(const std::string& name) {
  return absl::InvalidArgumentError(
      fmt::format("no export format '{}'; expected one of {}", name, fmt::join(ExportFormats(), ", ")));
}

absl::Status CannotWrite(const std::string& path, int error) {
  const std::string message = fmt::format("{}: cannot be written: {}", path, std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case ENOENT:
      return absl::NotFoundError(message + " (does its folder exist?)");
    case ELOOP:
      return absl::FailedPreconditionError(path + ": is a symbolic link; name the file itself");
    default:
      return absl::ResourceExhaustedError(message);
  }
}

}  // namespace

std::vector<std::string> ExportFormats() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

absl::Status ExportTrace(TraceEvents& events, const std::string& format, std::ostream& out,
                         const ExportOptions& options) {
  const Format* chosen = FindFormat(format);
  if (chosen == nullptr) return NoSuchFormat(format);
  const auto contents = LoadTrace(events);
  if (!contents.ok()) return contents.status();
  if (options.run && *options.run >= contents->runs.size()) {
    return absl::InvalidArgumentError(fmt::format("run {} was asked for, but the trace holds {}, counted from 0",
                                                  *options.run, contents->runs.size()));
  }
  const RunRecord& run = options.run ? contents->runs[*options.run] : contents->main_run();
  absl::Status written = chosen->write({events, run}, out);
  if (!written.ok()) return written;
  out.flush();
  if (!out) return absl::ResourceExhaustedError("the export could not be written: is the disk full?");
  return absl::OkStatus();
}

absl::Status ExportTrace(const std::string& trace_path, const std::string& format, std::ostream& out,
                         const ExportOptions& options) {
  if (FindFormat(format) == nullptr) return NoSuchFormat(format);
  auto events = TraceEvents::Open(trace_path);
  if (!events.ok()) return events.status();
  return ExportTrace(**events, format, out, options);
}

absl::Status ExportTrace(const std::string& trace_path, const std::string& format, const std::string& out_path,
                         const ExportOptions& options) {
  if (FindFormat(format) == nullptr) return NoSuchFormat(format);
  const int fd = open(out_path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd < 0) return CannotWrite(out_path, errno);
  __gnu_cxx::stdio_filebuf<char> buffer(fd, std::ios::out | std::ios::binary);
  struct stat file = {}, trace = {};
  if (fstat(fd, &file) != 0) return CannotWrite(out_path, errno);
  if (!S_ISREG(file.st_mode)) return absl::FailedPreconditionError(out_path + ": is not a regular file");
  if (stat(trace_path.c_str(), &trace) == 0 && trace.st_dev == file.st_dev && trace.st_ino == file.st_ino) {
    return absl::InvalidArgumentError(out_path + ": is the trace itself; name another file");
  }
  if (ftruncate(fd, 0) != 0) return CannotWrite(out_path, errno);
  std::ostream out(&buffer);
  absl::Status exported = ExportTrace(trace_path, format, out, options);
  if (!exported.ok()) unlink(out_path.c_str());
  return exported;
}

}  // namespace stallpoint
