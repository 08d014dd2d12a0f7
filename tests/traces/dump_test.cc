#include "traces/dump.h"

#include <fstream>
#include <sstream>

#include "catch.h"
#include "nlohmann/json.hpp"
#include "tests/traces/steady_run.h"

namespace stallpoint {
namespace {

using Json = nlohmann::json;

std::vector<Json> Dump(const std::string& path) {
  std::stringstream out;
  REQUIRE(DumpTrace(path, out).ok());
  std::vector<Json> lines;
  for (std::string line; std::getline(out, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST_CASE("dump prints one chunk a line with where it came from") {
  TemporaryFile file(".sptrace");
  SteadyRun(3).WriteTo(file.path());
  const std::vector<Json> lines = Dump(file.path());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["writer_id"] == "70");
  CHECK(lines[0]["sequence"] == "0");
  CHECK(lines[0]["offset_bytes"] == "0");
  CHECK(lines[0]["chunk"]["segment_start"]["run"]["source"] == "synthetic");
  CHECK(lines[1]["sequence"] == "1");
  CHECK(lines[1]["chunk"]["iterations"]["loss"][0] == 1.0);
  CHECK(lines[1]["chunk"]["run_end"]["outcome"] == "OUTCOME_OK");
}

TEST_CASE("dump keeps names that are no UTF-8 byte for byte, and figures that are no numbers") {
  TemporaryFile file(".sptrace");
  TraceBuilder trace;
  trace.String("\xff");
  trace.Iteration(0, std::nan(""));
  trace.WriteTo(file.path());
  const std::vector<Json> lines = Dump(file.path());
  CHECK(lines[0]["chunk"]["strings"][0]["value"] == "/w==");
  CHECK(lines[1]["chunk"]["iterations"]["loss"][0] == "NaN");
}

TEST_CASE("dump ends with what had to be passed over") {
  TemporaryFile file(".sptrace");
  SteadyRun(3).WriteTo(file.path());
  std::ofstream(file.path(), std::ios::app) << "torn";
  const std::vector<Json> lines = Dump(file.path());
  REQUIRE(lines.size() == 3);
  CHECK(lines[2]["gap"]["length_bytes"] == 4);
}

TEST_CASE("dump says when its output cannot be written") {
  TemporaryFile file(".sptrace");
  SteadyRun(3).WriteTo(file.path());
  std::ofstream full("/dev/full");
  CHECK(DumpTrace(file.path(), full).code() == absl::StatusCode::kDataLoss);
  CHECK(DumpTrace("/nothing/here", full).code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace stallpoint
