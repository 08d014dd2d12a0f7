#include <sstream>

#include "catch.h"
#include "tests/traces/decode_chunks.h"
#include "tests/traces/steady_run.h"
#include "traces/export/csv.h"
#include "traces/stalls.h"

namespace stallpoint {
namespace {

std::string Csv(const RunRecord& run) {
  std::ostringstream out;
  WriteIterationsCsv(run, out);
  return out.str();
}

TEST_CASE("the CSV has one row per iteration with its waits, the device, the loss, the load and its stages") {
  CHECK(
      Csv(Load(SteadyRun(2))) ==
      "iteration,epoch,worker,samples,bytes,begin_at_ms,wait_ms,receive_ms,copy_ms,launch_ms,sync_ms,device_at_ms,"
      "device_ms,stall_ms,stall_cause,stall_stage,stall_wait,loss,load_at_ms,load_ms,load_cpu_ms,collate_ms,read_ms,"
      "read_cpu_ms,read_run_queue_ms,read_wait_ms,read_bytes,read_storage_bytes,decode_ms,decode_cpu_ms,decode_run_"
      "queue_"
      "ms,decode_wait_ms,decode_bytes,decode_storage_bytes\n"
      "0,0,0,2,200,100.000000,3.000000,0.500000,,1.000000,4.500000,105.000000,4.000000,5.000000,data_wait,read,io,1,"
      "94.000000,8.000000,3.500000,1.000000,4.000000,1.000000,0.500000,2.500000,2000,8192,2.000000,2.000000,0.000000,0."
      "000000,0,0\n"
      "1,0,0,2,200,110.000000,3.000000,0.500000,,1.000000,4.500000,115.000000,4.000000,6.500000,data_wait,read,io,0.5,"
      "104.000000,8.000000,3.500000,1.000000,4.000000,1.000000,0.500000,2.500000,2000,8192,2.000000,2.000000,0.000000,"
      "0.000000,0,0\n");
}

TEST_CASE("what was not recorded is an empty cell, and lost iterations have no row") {
  TraceBuilder trace;
  trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 1, 2, 3);
  const std::string csv = Csv(Load(trace));
  CHECK(csv.substr(csv.find('\n') + 1) == "3,,,,,0.000000,,,,1.000000,,,,0.000000,,,,,,,,\n");
}

TEST_CASE("a cell that a spreadsheet would take for a formula is prefixed, others are quoted where they must be") {
  CHECK(CsvText("=1+1") == "'=1+1");
  CHECK(CsvText("+x") == "'+x");
  CHECK(CsvText("-x") == "'-x");
  CHECK(CsvText("@x") == "'@x");
  CHECK(CsvText("=a,\"b\"") == "\"'=a,\"\"b\"\"\"");
  CHECK(CsvText("a\nb") == "\"a\nb\"");
  CHECK(CsvText("read") == "read");

  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  trace.Span(worker, "=cmd()", trace::STAGE_KIND_SAMPLE, 0, 1, 0).sample = 1;
  CHECK(Csv(Load(trace)).find(",'=cmd()_ms,'=cmd()_cpu_ms") != std::string::npos);
}

TEST_CASE("the cause of a load is its longest stage and what that did") {
  TraceBuilder trace;
  const uint32_t worker = trace.Track(trace::TRACK_ROLE_WORKER, "worker 0");
  trace.Span(worker, "read", trace::STAGE_KIND_SAMPLE, 0, 5, 0).sample = 1;
  trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, 5, 6, 0).sample = 1;
  TestSpan& busy = trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, 6, 12, 1);
  busy.sample = 2;
  busy.cpu_ms = 2;
  busy.run_queue_ms = 2;
  trace.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, 12, 18, 2).sample = 3;
  trace.Span(worker, "collate", trace::STAGE_KIND_BATCH, 18, 28, 3).cpu_ms = 9;
  trace.Batch(4, 2);
  const std::vector<LoadCause> causes = FindLoadCauses(Load(trace));
  REQUIRE(causes.size() == 5);
  CHECK(causes[0].stage + " " + causes[0].wait == "read io");
  CHECK(causes[1].stage + " " + causes[1].wait == "decode cpu");
  CHECK(causes[2].stage + " " + causes[2].wait == "decode blocked");
  CHECK(causes[3].stage + " " + causes[3].wait == "collate cpu");
  CHECK(causes[4].stage.empty());
}

TEST_CASE("stalls lie between the device's steps and name the iteration that was missing") {
  std::vector<Stall> stalls;
  ForEachStall(Load(SteadyRun(2)), [&](const Stall& stall) { stalls.push_back(stall); });
  REQUIRE(stalls.size() == 9);
  auto ms = [](int64_t ns) { return static_cast<double>(ns - TraceBuilder::kBeginNs) / 1e6; };
  CHECK(stalls[0].owner == Owner::kDataWait);
  CHECK(ms(stalls[0].begin_ns) == 100);
  CHECK(ms(stalls[0].end_ns) == 103);
  CHECK(stalls[0].iteration == 0);
  CHECK(stalls[3].owner == Owner::kSync);
  CHECK(stalls[3].iteration == 1);
  CHECK(stalls[5].owner == Owner::kDataWait);
  CHECK(stalls[5].iteration == 1);
  CHECK(stalls[8].owner == Owner::kSync);
}

}  // namespace
}  // namespace stallpoint
