// What the harness offers to plugins, as the table of the ABI (stallpoint/abi/host.h).
//
// One per run; the table lives as long as the object, which must outlive every workload created with it. The functions
// keep the thread contracts of the ABI.
#ifndef STALLPOINT_HARNESS_HOST_HOST_SERVICES_H_
#define STALLPOINT_HARNESS_HOST_HOST_SERVICES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/host/allocation_log.h"
#include "harness/host/device_memory.h"
#include "harness/host/memory_pool.h"
#include "harness/host/name_table.h"
#include "stallpoint/abi/device_allocations.h"
#include "stallpoint/abi/host.h"

namespace stallpoint {

class Recorder;

class HostServices {
 public:
  // `recorder` is null when nothing is recorded, `device_memory` where the device keeps its own account, and
  // `allocations` where nobody wants to know of them. All that is passed must outlive the object.
  HostServices(Recorder* recorder, MemoryPool& memory, const std::map<std::string, std::string>& options,
               const std::atomic<bool>& cancelled, DeviceMemory* device_memory = nullptr,
               AllocationLog* allocations = nullptr);
  ~HostServices();
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const sp_host* table() const { return &table_; }
  NameTable& names() { return names_; }
  Recorder* recorder() const { return recorder_; }
  const MemoryPool& memory() const { return memory_; }
  // Null, or one that a plugin takes from.
  DeviceMemory* device_memory() const {
    return device_memory_ != nullptr && device_memory_->asked_for() ? device_memory_ : nullptr;
  }
  // [step] The next step begins, and with it what it allocates.
  void BeginStep() {
    if (allocation_log_ != nullptr) allocation_log_->BeginStep();
  }

  // [control] Parts of a step that the workload marks go to `place`, with their id as a stage (0: the last one ends),
  // until it is null again: for a device whose timeline is not that of the thread which issues the step.
  using PlaceMark = std::function<void(uint32_t part)>;
  void PlaceMarks(PlaceMark place) { place_mark_ = std::move(place); }

  // [any] A line for the user and the trace; `severity` as SP_LOG_*.
  void Log(int32_t severity, std::string_view text);
  // Warnings and errors so far, each once, the first hundred.
  std::vector<std::string> TakeWarnings();

 private:
  struct Table;  // the C functions

  Recorder* const recorder_;
  MemoryPool& memory_;
  const std::map<std::string, std::string>& options_;
  const std::atomic<bool>& cancelled_;
  DeviceMemory* const device_memory_;
  AllocationLog* const allocation_log_;
  const int32_t enabled_;
  NameTable names_;
  PlaceMark place_mark_;
  sp_host table_;
  sp_device_allocations allocations_table_;

  std::mutex mutex_;
  std::unordered_map<void*, MemoryPool::Block> allocations_;
  std::set<std::string, std::less<>> warned_;
  std::vector<std::string> warnings_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_HOST_SERVICES_H_
