// What LibTorch's allocator of a GPU hands out in the first steps of a run, told to the harness, so that a replay knows
// the memory of other batch sizes (stallpoint/abi/device_allocations.h).
//
// `TorchDevice` and `OnTorchDevice` (stallpoint/torch_device.h) use it; a plugin need not. LibTorch tells of the block
// that it gives, which may be larger than what was asked for; from 2.10 on its statistics tell of that. The backward
// pass's own threads take part.
#ifndef STALLPOINT_TORCH_ALLOCATIONS_H_
#define STALLPOINT_TORCH_ALLOCATIONS_H_

#include <c10/core/Allocator.h>
#include <c10/core/Device.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <memory>
#include <optional>

#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include "stallpoint/abi/device_allocations.h"
#include "stallpoint/plugin/host.h"

namespace stallpoint::plugin {

class STALLPOINT_PLUGIN_LOCAL AllocationReport {
 public:
  AllocationReport(Host host, c10::Device device) : host_(host), device_(device) {}

  // While it lives, what its thread allocates on the device is told, if the harness wants to know. A profiler of the
  // user's goes first.
  class STALLPOINT_PLUGIN_LOCAL Scope {
   public:
    explicit Scope(const AllocationReport& report) {
      const auto kind = c10::DebugInfoKind::PROFILER_STATE;
      const sp_device_allocations* wanted = report.Wanted();
      if (wanted == nullptr || c10::ThreadLocalDebugInfo::get(kind) != nullptr) return;
      guard_.emplace(kind, std::make_shared<Reporter>(*wanted, report.name_id(), report.device_));
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    std::optional<c10::DebugInfoGuard> guard_;
  };

 private:
  // LibTorch calls with its lock on the device's allocator held, so that nothing happens in between.
  class Reporter final : public c10::MemoryReportingInfoBase {
   public:
    Reporter(const sp_device_allocations& wanted, uint32_t name_id, c10::Device device)
        : wanted_(wanted), name_id_(name_id), device_(device), requested_(Requested()) {}
    void reportMemoryUsage(void* address, int64_t bytes, size_t, size_t held_bytes, c10::Device device) override {
      if (device != device_) return;
      const int64_t before = requested_;
      requested_ = Requested();
      const int64_t asked = requested_ - before;
      wanted_.changed(wanted_.self, name_id_, address, IsOfBlock(asked, bytes) ? asked : bytes, held_bytes);
    }
    bool memoryProfilingEnabled() const override { return true; }

   private:
    // What a block was asked for with: less than it, but not by more than LibTorch leaves unused. Otherwise a thread
    // that does not report came in between.
    static bool IsOfBlock(int64_t asked, int64_t block) {
      constexpr int64_t kMostUnused = (1 << 20) + 511;  // a rest too small to split off, and rounding
      return block > 0 ? asked > 0 && asked <= block && block - asked <= kMostUnused
                       : asked < 0 && asked >= block && asked - block <= kMostUnused;
    }

    // Bytes asked for of all blocks in use; 0 where LibTorch does not say.
    int64_t Requested() const {
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10
      auto* allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device_.type()));
      if (allocator != nullptr && allocator->initialized()) {
        constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
        return allocator->getDeviceStats(device_.index()).requested_bytes[kAll].current;
      }
#endif
      return 0;
    }

    const sp_device_allocations& wanted_;
    const uint32_t name_id_;
    const c10::Device device_;
    int64_t requested_;
  };

  // Null once the first steps are over, and under a harness that does not record them.
  const sp_device_allocations* Wanted() const {
    if (device_.is_cpu()) return nullptr;
    const sp_host* table = host_.table();
    return static_cast<const sp_device_allocations*>(
        table->get_extension(table->self, SP_EXTENSION_DEVICE_ALLOCATIONS));
  }
  uint32_t name_id() const { return host_.table()->intern(host_.table()->self, "torch"); }

  Host host_;
  c10::Device device_;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_TORCH_ALLOCATIONS_H_
