#include "plugins/probes/pressure_series.h"

#include <optional>

#include "plugins/probes/proc_text.h"

namespace stallpoint::probes {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

PressureSeries::PressureSeries(const Files& files, const std::string& resource, bool with_full)
    : files_(files), with_full_(with_full) {
  std::vector<std::string> candidates;
  if (const auto cgroup = UnifiedCgroup(files.read("/proc/self/cgroup")); cgroup && *cgroup != "/") {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      candidates.push_back(mount + *cgroup + "/" + resource + ".pressure");
    }
  }
  candidates.push_back("/proc/pressure/" + resource);
  for (const std::string& candidate : candidates) {
    if (!ParsePressure(files.read(candidate))) continue;
    file_ = candidate;
    return;
  }
}

void PressureSeries::add_to(std::vector<plugin::Series>& series) const {
  if (file_.empty()) return;
  series.push_back({"pressure_some", "1"});
  if (with_full_) series.push_back({"pressure_full", "1"});
}

void PressureSeries::emit(int64_t now_ns, const plugin::Emitter& emit) {
  if (file_.empty()) return;
  const std::optional<Pressure> pressure = ParsePressure(files_.read(file_));
  if (!pressure) return;
  if (const auto some = some_.per_second(pressure->some_us, now_ns)) {
    emit("pressure_some", *some / kMicrosecondsPerSecond);
  }
  if (!with_full_ || !pressure->full_us) return;
  if (const auto full = full_.per_second(*pressure->full_us, now_ns)) {
    emit("pressure_full", *full / kMicrosecondsPerSecond);
  }
}

}  // namespace stallpoint::probes
