// Who is recording: the host and the process, as a trace names them. Any thread.
#ifndef STALLPOINT_HARNESS_RECORD_HOST_IDENTITY_H_
#define STALLPOINT_HARNESS_RECORD_HOST_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "traces/proto/trace.pb.h"

namespace stallpoint {

// Everything a Host message holds; what cannot be found out stays at its default. One clock domain per boot of a host.
trace::Host DescribeHost();
// Process id and name.
trace::Process DescribeProcess();

// Random and never 0.
uint64_t RandomId();

// Processors that this process may run on, after affinity and cgroup quota (v1 and v2, all levels).
double UsableCores();

// Memory that this process may use: the machine's, or what the control groups that hold it allow (v1 and v2, all
// levels; but for a group that this program made for a run). Bytes.
uint64_t UsableMemory();

// How the names of the control groups begin that this program makes for runs with a limit.
inline constexpr std::string_view kOwnGroupPrefix = "stallpoint-";

// Processors that a cgroup's quota allows, or nothing when it is unlimited or not understood: the text of cpu.max
// ("150000 100000", "max 100000") or of cpu.cfs_quota_us and cpu.cfs_period_us joined by a space ("-1 100000").
std::optional<double> ParseCpuQuota(std::string_view text);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_HOST_IDENTITY_H_
