#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "catch.h"
#include "nlohmann/json.hpp"
#include "tests/traces/external_tool.h"
#include "tests/traces/steady_run.h"
#include "traces/export/exporter.h"
#include "traces/export/nvtxt.h"

namespace stallpoint {
namespace {

std::string ExportText(const TraceBuilder& trace, const std::string& format) {
  TemporaryFile file(".sptrace");
  trace.WriteTo(file.path());
  std::ostringstream out;
  const absl::Status exported = ExportTrace(file.path(), format, out);
  INFO(exported.ToString());
  REQUIRE(exported.ok());
  return out.str();
}

TEST_CASE("NVTXT has a row for stalls, phases, the queue and each track, nested and dated from the run's beginning") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  const uint32_t stream = trace.Track(trace::TRACK_ROLE_STREAM, "cpu stream");
  const uint32_t depth = trace.Series("queue_depth", "1");
  trace.Phase(trace::PHASE_TRAIN, 0);
  TestSpan& read = trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, 1, 3, 0);
  read.sample = 17;
  read.bytes = 5;
  trace.Span(worker, "load", trace::STAGE_KIND_LOAD, 1, 4, 0);
  trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 1, 5, 0);
  trace.Span(stream, "gemm", trace::STAGE_KIND_UNSPECIFIED, 6, 7);
  trace.Span(stream, "sync point", trace::STAGE_KIND_UNSPECIFIED, 7, 7);
  trace.Span(stream, "step", trace::STAGE_KIND_STEP, 5, 8, 0);
  trace.Counter(depth, 4, 1);
  trace.Counter(depth, 5, 0);
  trace.Counter(depth, 6, 0);
  trace::Marker& marker = *trace.body().add_markers();
  marker.set_ticks(TraceBuilder::Ticks(5));
  marker.set_track_id(trace.main());
  marker.set_name_id(trace.String("checkpoint \"A\"\n\\"));
  trace.End(9);

  constexpr char kExpected[] =
      R"nvtxt(# Import into Nsight Systems: ImportNvtxt --cmd create -n FILE.nvtxt -o FILE.nsys-rep
SetFileDisplayName, "stallpoint: synthetic, batch 2, workers 0"
TimeBase = Manual
ProcessId = 4242
@RangePush, Time, ThreadId, Color, Message
@RangePop, Time, ThreadId
@Marker, Time, ThreadId, Color, Message
NameProcess, 4242, "train"
NameOsThread, 4242, 1, "stalls"
RangePush, 1000000, 1, 0xFFE53935, "stall: wait_batch (read, io)"
RangePop, 5000000, 1
NameOsThread, 4242, 2, "phases"
RangePush, 0, 2, 0xFFBDBDBD, "train"
RangePop, 9000000, 2
NameOsThread, 4242, 900000, "queue"
RangePush, 4000000, 900000, 0xFF78909C, "1 ready"
RangePop, 5000000, 900000
NameOsThread, 4242, 3, "main"
Marker, 5000000, 3, 0xFF78909C, "checkpoint 'A' /"
RangePush, 1000000, 3, 0xFFE53935, "wait_batch 0"
RangePop, 5000000, 3
NameOsThread, 4242, 4, "worker 0"
RangePush, 1000000, 4, 0xFF78909C, "load 0"
RangePush, 1000000, 4, 0xFF1E88E5, "read 17"
RangePop, 3000000, 4
RangePop, 4000000, 4
NameOsThread, 4242, 5, "cpu stream"
RangePush, 5000000, 5, 0xFF43A047, "step 0"
RangePush, 6000000, 5, 0xFFBDBDBD, "gemm"
RangePop, 7000000, 5
Marker, 7000000, 5, 0xFFBDBDBD, "sync point"
RangePop, 8000000, 5
RangePush, 5000000, 900000, 0xFFE53935, "0 ready"
RangePop, 9000000, 900000
)nvtxt";
  CHECK(ExportText(trace, "nsys") == kExpected);
}

TEST_CASE("NVTXT text is quoted, on one line, and short enough for the importer") {
  CHECK(NvtxtQuote("a \"b\" \\ \n\t c") == "\"a 'b' /    c\"");
  const std::string letters = "\xC3\xA9";  // two bytes each
  std::string text = "x";
  for (int i = 0; i < 40'000; ++i) text += letters;
  const std::string quoted = NvtxtQuote(text);
  CHECK(quoted.size() < 5000);
  CHECK(quoted.substr(quoted.size() - 3) == letters + "\"");
}

TEST_CASE("Nsight Systems imports the NVTXT and shows its rows, ranges and colours") {
  const std::string nsight = NsightFolder();
  if (nsight.empty()) {
    WARN("skipped: Nsight Systems is not installed");
    return;
  }
  TraceBuilder trace = SteadyRun(3);
  const std::string hostile = "op \xff \"quoted\" \\ </script> \x1b[31m, # \n end\xE2\x82\xAC";
  trace.Span(trace.main(), hostile, trace::STAGE_KIND_UNSPECIFIED, 131, 132);
  TemporaryFile file(".sptrace");
  trace.WriteTo(file.path());
  const std::string text = file.folder() + "/run.nvtxt", report = file.folder() + "/run.nsys-rep",
                    json = file.folder() + "/run.json";
  REQUIRE(ExportTrace(file.path(), "nsys", text).ok());
  const ToolResult imported = RunTool("LD_LIBRARY_PATH=" + nsight + " " + nsight + "/ImportNvtxt --cmd create -n " +
                                      text + " -o " + report + " 2>&1");
  INFO(imported.output);
  REQUIRE(imported.status == 0);
  REQUIRE(RunTool("nsys export -t json -o " + json + " " + report + " 2>&1").status == 0);

  std::map<std::string, std::string> names_by_thread;
  std::map<std::string, nlohmann::json> ranges;
  std::ifstream lines(json);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json event = nlohmann::json::parse(line);
    if (event["Type"] == 72) {
      const auto& thread = event["NvtxtMetaEvent"]["Thread"];
      names_by_thread[thread["GlobalThreadId"]] = thread["Name"];
    } else if (event["Type"] == 70) {
      const auto& range = event["NvtxtEvent"]["Nvtx"];
      ranges[range["Text"]] = range;
    }
  }
  std::set<std::string> rows;
  for (const auto& [thread, name] : names_by_thread) rows.insert(name);
  CHECK(rows == std::set<std::string>{"stalls", "phases", "queue", "main", "worker 0", "cpu stream"});

  auto check_range = [&](const std::string& title, const std::string& row, const char* begin, const char* end) {
    INFO(title);
    REQUIRE(ranges.count(title) == 1);
    CHECK(names_by_thread[ranges[title]["GlobalTid"]] == row);
    CHECK(ranges[title]["Timestamp"] == begin);
    CHECK(ranges[title]["EndTimestamp"] == end);
  };
  check_range("step 2", "cpu stream", "125000000", "129000000");
  check_range("forward 2", "cpu stream", "125000000", "126000000");
  check_range("read 5", "worker 0", "117000000", "119000000");
  check_range("load 2", "worker 0", "114000000", "122000000");
  check_range("wait_batch 2", "main", "120000000", "123000000");
  check_range("stall: wait_batch (read, io)", "stalls", "120000000", "123000000");
  check_range("train", "phases", "100000000", "130000000");
  check_range("op \xEF\xBF\xBD 'quoted' / </script>  [31m, #   end\xE2\x82\xAC", "main", "131000000", "132000000");
  CHECK(ranges["stall: wait_batch (read, io)"]["Color"] == 0xFFE53935);
}

TEST_CASE("an export replaces a file, is readable by its owner alone, and refuses what is no file of its own") {
  TemporaryFile file(".sptrace");
  SteadyRun(3).WriteTo(file.path());
  const std::string out = file.folder() + "/out.csv";
  std::ofstream(out) << std::string(100'000, 'x');
  REQUIRE(ExportTrace(file.path(), "csv", out).ok());
  CHECK(std::filesystem::file_size(out) < 10'000);

  const std::string fresh = file.folder() + "/fresh.csv";
  REQUIRE(ExportTrace(file.path(), "csv", fresh).ok());
  struct stat status = {};
  REQUIRE(stat(fresh.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  const std::string link = file.folder() + "/link.csv";
  std::filesystem::create_symlink(out, link);
  CHECK(ExportTrace(file.path(), "csv", link).code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ExportTrace(file.path(), "csv", file.path()).code() == absl::StatusCode::kInvalidArgument);
  CHECK(ExportTrace(file.path(), "csv", std::string("/dev/full")).code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ExportTrace(file.path(), "csv", file.folder() + "/none/out.csv").code() == absl::StatusCode::kNotFound);
}

TEST_CASE("an export that fails says why and leaves nothing behind") {
  TemporaryFile file(".sptrace");
  std::ofstream(file.path()) << "not a trace";
  const std::string out = file.folder() + "/out";
  CHECK(ExportTrace(file.path(), "csv", out).code() == absl::StatusCode::kDataLoss);
  CHECK_FALSE(std::filesystem::exists(out));
  const absl::Status unknown = ExportTrace(file.path(), "docx", out);
  CHECK(unknown.code() == absl::StatusCode::kInvalidArgument);
  CHECK(unknown.message() == "no export format 'docx'; expected one of nsys, perfetto, csv");

  SteadyRun(3).WriteTo(file.folder() + "/good.sptrace");
  std::ofstream full("/dev/full");
  CHECK(ExportTrace(file.folder() + "/good.sptrace", "nsys", full).code() == absl::StatusCode::kResourceExhausted);
  std::ostringstream text;
  CHECK(ExportTrace(file.folder() + "/good.sptrace", "csv", text, {.run = 1}).code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace stallpoint
