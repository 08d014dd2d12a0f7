// The memory of the `cpu` device: what LibTorch allocates for a model and its steps comes from the harness, pooled and
// held to --device-memory, and its peak is in the trace.
//
// Keep a `DeviceMemory` beside the model, outliving it; open an `OnDevice` where the model is made and in every step.
// What libraries below LibTorch allocate for themselves (oneDNN's scratch pads) does not pass its allocator.
#ifndef STALLPOINT_TORCH_MEMORY_H_
#define STALLPOINT_TORCH_MEMORY_H_

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstdint>

#include "stallpoint/abi/device_memory.h"
#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"

namespace stallpoint::plugin {

// One may live at a time in a process. [control]
class STALLPOINT_PLUGIN_LOCAL DeviceMemory {
 public:
  // Does nothing under a harness that offers no such memory: the device has its own, or the harness is older.
  explicit DeviceMemory(Host host) {
    const sp_host* table = host.table();
    const void* offered = table->get_extension(table->self, SP_EXTENSION_DEVICE_MEMORY);
    if (offered == nullptr || !Installed()) return;
    static uint64_t last_serial = 0;
    Offered() = static_cast<const sp_device_memory*>(offered);
    serial_ = OpenSerial() = ++last_serial;
  }
  ~DeviceMemory() {
    if (serial_ != 0) OpenSerial() = 0;
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

 private:
  friend class OnDevice;

  // In front of each block, one unit of LibTorch's alignment.
  struct alignas(64) Header {
    uint64_t serial;  // of the DeviceMemory it came from, 0: of none
  };

  class Allocator final : public c10::Allocator {
   public:
    c10::DataPtr allocate(size_t bytes) override {
      void* data = nullptr;
      if (bytes > 0) {
        const uint64_t serial = ThreadSerial();
        void* block = serial != 0 ? FromDevice(bytes + sizeof(Header)) : Inner()->raw_allocate(bytes + sizeof(Header));
        static_cast<Header*>(block)->serial = serial;
        data = static_cast<Header*>(block) + 1;
      }
      return {data, data, &Free, c10::Device(c10::kCPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &Free; }
    void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

   private:
    static void* FromDevice(size_t bytes) {
      sp_error error = {.struct_size = sizeof(sp_error)};
      void* block = Offered()->alloc(Offered()->self, bytes, &error);
      if (block == nullptr) throw Error(error.code, error.message);
      return block;
    }

    static void Free(void* data) {
      if (data == nullptr) return;
      Header* header = static_cast<Header*>(data) - 1;
      if (header->serial == 0) {
        Inner()->raw_deallocate(header);
      } else if (header->serial == OpenSerial()) {
        Offered()->free(Offered()->self, header);
      }
      // Else it outlived the harness's pool: LibTorch's own caches do, at the end of the process.
    }
  };

  // For good, since blocks outlive any scope. False where LibTorch was given an allocator that cannot free a bare
  // pointer.
  static bool Installed() {
    static const bool installed = [] {
      if (Inner()->raw_deleter() == nullptr) return false;
      c10::SetCPUAllocator(new Allocator, /*priority=*/100);
      return true;
    }();
    return installed;
  }

  // LibTorch's allocator as it was.
  static c10::Allocator* Inner() {
    static c10::Allocator* const inner = c10::GetCPUAllocator();
    return inner;
  }
  static const sp_device_memory*& Offered() {
    static const sp_device_memory* memory = nullptr;
    return memory;
  }
  static std::atomic<uint64_t>& OpenSerial() {
    static std::atomic<uint64_t> serial = 0;
    return serial;
  }
  static uint64_t& ThreadSerial() {
    thread_local uint64_t serial = 0;
    return serial;
  }

  uint64_t serial_ = 0;
};

// While it lives, what its thread allocates through LibTorch is the device's; the backward pass runs on that thread
// too. The operator that passes the limit throws SP_RESOURCE_EXHAUSTED.
class STALLPOINT_PLUGIN_LOCAL OnDevice {
 public:
  explicit OnDevice(const DeviceMemory& memory) : before_(DeviceMemory::ThreadSerial()) {
    DeviceMemory::ThreadSerial() = memory.serial_;
  }
  ~OnDevice() { DeviceMemory::ThreadSerial() = before_; }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  const uint64_t before_;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_TORCH_MEMORY_H_
