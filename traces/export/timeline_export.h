// Draws one run as a timeline: a row for each thread and stream, one for stalls, one for phases, and the counters.
#ifndef STALLPOINT_TRACES_EXPORT_TIMELINE_EXPORT_H_
#define STALLPOINT_TRACES_EXPORT_TIMELINE_EXPORT_H_

#include "absl/status/status.h"
#include "traces/export/slice.h"
#include "traces/run_record.h"
#include "traces/trace_events.h"

namespace stallpoint {

// Streams the events of `run` from the file. Errors are those of reading it.
absl::Status DrawTimeline(TraceEvents& events, const RunRecord& run, TimelineSink& sink);

// What a slice is called where nothing else tells them apart: "load 3", "read 17".
std::string SliceTitle(const Slice& slice);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_EXPORT_TIMELINE_EXPORT_H_
