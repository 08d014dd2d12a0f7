#include "harness/record/nvtx.h"

#include <array>

#include "nvtx3/nvToolsExt.h"

namespace stallpoint::nvtx {
namespace {

// Read without a lock by every stage; registered strings stay valid as long as the domain, which is never destroyed.
std::array<std::atomic<nvtxStringHandle_t>, 4096> names{};

nvtxDomainHandle_t StallpointDomain() {
  static const nvtxDomainHandle_t handle = nvtxDomainCreateA("stallpoint");
  return handle;
}

}  // namespace

std::atomic<void*> domain{nullptr};

void Connect() { domain.store(StallpointDomain(), std::memory_order_relaxed); }

void Disconnect() { domain.store(nullptr, std::memory_order_relaxed); }

void Name(uint32_t name_id, const std::string& name) {
  if (!Attached() || name_id >= names.size()) return;
  names[name_id].store(nvtxDomainRegisterStringA(StallpointDomain(), name.c_str()), std::memory_order_release);
}

bool PushAttached(uint32_t name_id) {
  const nvtxStringHandle_t name = name_id < names.size() ? names[name_id].load(std::memory_order_acquire) : nullptr;
  if (name == nullptr) return false;
  nvtxEventAttributes_t attributes = {};
  attributes.version = NVTX_VERSION;
  attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  attributes.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  attributes.message.registered = name;
  nvtxDomainRangePushEx(StallpointDomain(), &attributes);
  return true;
}

void Pop() { nvtxDomainRangePop(StallpointDomain()); }

}  // namespace stallpoint::nvtx
