// What people type behind flags: ranges of a sweep, times, sizes, devices, CPU lists. The input is the text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/engine/cpu_list.h"
#include "harness/host/nearest_name.h"
#include "replay/search/sweep.h"
#include "traces/device_spec.h"
#include "traces/units.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// A refusal quotes no more than it was given and says something.
template <typename T>
bool Understood(const absl::StatusOr<T>& parsed) {
  if (parsed.ok()) return true;
  Require(parsed.status().code() == absl::StatusCode::kInvalidArgument);
  Require(!parsed.status().message().empty());
  return false;
}

template <typename T>
void CheckValues(const std::string& text, const absl::StatusOr<std::vector<T>>& values) {
  if (!Understood(values)) return;
  Require(!values->empty());
  if (text.find(':') == std::string::npos) return;
  for (size_t i = 1; i < values->size(); ++i) Require((*values)[i - 1] < (*values)[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckValues(text, stallpoint::ParseRange(text));
  CheckValues(text, stallpoint::ParseSizeRange(text));
  if (const auto ns = stallpoint::ParseTimeNs(text); Understood(ns)) {
    Require(*ns >= 0);
    Require(stallpoint::ParseTimeNs(stallpoint::FormatTimeNs(*ns)).value() == *ns);
  }
  if (const auto bytes = stallpoint::ParseSize(text); Understood(bytes)) {
    Require(stallpoint::ParseSize(stallpoint::FormatSize(*bytes)).value() == *bytes);
    Require(!stallpoint::HumanSize(static_cast<double>(*bytes)).empty());
  }
  if (const auto device = stallpoint::ParseDevice(text); Understood(device)) {
    const std::string canonical = stallpoint::FormatDevice(*device);
    Require(stallpoint::FormatDevice(stallpoint::ParseDevice(canonical).value()) == canonical);
  }
  if (const auto cpus = stallpoint::ParseCpuList(text); Understood(cpus)) Require(CPU_COUNT(&*cpus) > 0);
  stallpoint::NearestName(text, {"read_latency", "decode_cost", text, ""});
  return 0;
}
