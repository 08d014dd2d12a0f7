#include "traces/dump.h"

#include <google/protobuf/util/json_util.h>

#include <ostream>

#include "nlohmann/json.hpp"
#include "traces/proto/trace.pb.h"
#include "traces/reader.h"

namespace stallpoint {
namespace {

nlohmann::ordered_json GapJson(const Gap& gap) {
  return {{"gap",
           {{"offset_bytes", gap.offset_bytes},
            {"length_bytes", gap.length_bytes},
            {"frames_lost", gap.frames_lost},
            {"reason", gap.reason}}}};
}

}  // namespace

absl::Status DumpTrace(const std::string& path, std::ostream& out) {
  auto reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  trace::Chunk chunk;
  TraceReader::Origin origin;
  std::string json;
  while (true) {
    auto more = (*reader)->Next(&chunk, &origin);
    if (!more.ok()) return more.status();
    if (!*more) break;
    json.clear();
    const auto printed = google::protobuf::util::MessageToJsonString(chunk, &json, options);
    if (!printed.ok()) {
      return absl::InternalError("frame at byte " + std::to_string(origin.offset_bytes) + ": " + printed.ToString());
    }
    out << R"({"writer_id":")" << origin.writer_id << R"(","sequence":")" << origin.sequence << R"(","offset_bytes":")"
        << origin.offset_bytes << R"(","chunk":)" << json << "}\n";
    if (!out) return absl::DataLossError("the output could not be written: is the disk full?");
  }
  for (const Gap& gap : (*reader)->gaps()) out << GapJson(gap).dump() << "\n";
  out.flush();
  return out ? absl::OkStatus() : absl::DataLossError("the output could not be written: is the disk full?");
}

}  // namespace stallpoint
