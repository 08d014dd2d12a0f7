// The texts of /proc and cgroups, as a kernel of any version, or something that only looks like one, writes them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/probes/proc_text.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stallpoint::probes;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char* key : {"", "Pss", "MemAvailable", "rchar", "pswpin"}) ValueOf(text, key);
  ParsePressure(text);
  ParseTaskSchedule(text);
  if (const auto stat = ParseTaskStat(text)) Require(text.find(stat->state) != std::string::npos);
  ParseDiskStats(text, 254, 0);
  if (const auto path = UnifiedCgroup(text)) {
    Require(path->front() == '/');
    Require(path->find('\n') == std::string::npos);
  }
  // A file that was cut anywhere is no harder to read.
  if (size > 0) ParseTaskStat(text.substr(0, data[0] % size));
  return 0;
}
