#include "harness/run/trace_verdict.h"

#include "harness/record/host_identity.h"
#include "traces/schema_version.h"
#include "traces/writer.h"

namespace stallpoint {

absl::Status AppendVerdict(const RunRequest& request, uint64_t run_id, const RunOutcome& outcome) {
  const uint64_t writer_id = RandomId();
  auto writer = TraceWriter::Open(request.trace_path, writer_id, {.append = true});
  if (!writer.ok()) return writer.status();
  trace::Chunk chunk;
  trace::SegmentStart& segment = *chunk.mutable_segment_start();
  segment.set_schema_major(kSchemaMajor);
  segment.set_schema_minor(kSchemaMinor);
  segment.set_stallpoint_version(STALLPOINT_VERSION);
  segment.set_run_id(run_id);
  segment.set_role(request.role);
  segment.set_writer_id(writer_id);
  *segment.mutable_host() = DescribeHost();
  *segment.mutable_process() = DescribeProcess();
  chunk.mutable_run_end()->set_outcome(outcome.outcome);
  chunk.mutable_run_end()->set_message(outcome.message);
  return (*writer)->Write(chunk);
}

}  // namespace stallpoint
