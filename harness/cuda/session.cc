#include "harness/cuda/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cuda/driver_probe.h"

namespace stallpoint {

absl::Status CheckCudaDevice(int ordinal) {
  const CudaDriverProbe probe = ProbeCudaDriver();
  if (probe.state != CudaDriverProbe::State::kReady) {
    return absl::FailedPreconditionError(absl::StrCat(probe.found, ": ", probe.remedy));
  }
  if (ordinal < probe.devices) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "there is no device ", ordinal, ", only ", probe.devices == 1 ? "" : "cuda:0 to ", "cuda:", probe.devices - 1));
}

absl::StatusOr<std::unique_ptr<CudaSession>> CudaSession::Open(int ordinal) {
  if (absl::Status there = CheckCudaDevice(ordinal); !there.ok()) return there;
  auto driver = CudaDriver::Load();
  if (!driver.ok()) return driver.status();
  std::unique_ptr<CudaSession> session(new CudaSession(*driver, ordinal));
  if (absl::Status begun = session->Begin(); !begun.ok()) return begun;
  return session;
}

absl::Status CudaSession::Begin() {
  if (absl::Status found = driver_.Check("cuDeviceGet", driver_.DeviceGet(&device_, ordinal_)); !found.ok()) {
    return found;
  }
  if (absl::Status retained =
          driver_.Check("cuDevicePrimaryCtxRetain", driver_.RetainPrimaryContext(&context_, device_));
      !retained.ok()) {
    context_ = nullptr;
    return retained;
  }
  if (absl::Status current = MakeCurrent(); !current.ok()) return current;
  // One that waits for the default stream, and the default stream for it: a framework that uses that one all the same
  // finds its batch copied, and its work is over when ours is.
  constexpr unsigned kDefault = 0;
  absl::Status made = driver_.Check("cuStreamCreate", driver_.StreamCreate(&stream_, kDefault));
  if (!made.ok()) {
    stream_ = nullptr;
    return made;
  }
  const auto used = UsedBytes();
  if (!used.ok()) return used.status();
  used_at_first_bytes_ = *used;
  return absl::OkStatus();
}

CudaSession::~CudaSession() {
  if (context_ == nullptr) return;
  driver_.SetCurrentContext(context_);
  if (stream_ != nullptr) driver_.StreamDestroy(stream_);
  driver_.ReleasePrimaryContext(device_);
}

absl::Status CudaSession::MakeCurrent() const {
  return driver_.Check("cuCtxSetCurrent", driver_.SetCurrentContext(context_));
}

trace::DeviceDefinition CudaSession::Describe() const {
  trace::DeviceDefinition definition;
  definition.set_kind("cuda");
  char name[128] = "";
  if (driver_.DeviceGetName(name, sizeof(name), device_) == cuda_code::kSuccess) definition.set_name(name);
  CudaDriver::Uuid uuid;
  if (driver_.DeviceGetUuid(&uuid, device_) == cuda_code::kSuccess) {
    std::string text = "GPU";
    for (size_t i = 0; i < sizeof(uuid.bytes); ++i) {
      if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
      absl::StrAppendFormat(&text, "%02x", uuid.bytes[i]);
    }
    definition.set_uuid(text);
  }
  size_t bytes = 0;
  if (driver_.DeviceTotalMem(&bytes, device_) == cuda_code::kSuccess) definition.set_memory_bytes(bytes);
  return definition;
}

absl::StatusOr<uint64_t> CudaSession::UsedBytes() const {
  if (absl::Status current = MakeCurrent(); !current.ok()) return current;
  size_t free = 0, total = 0;
  if (absl::Status told = driver_.Check("cuMemGetInfo", driver_.MemGetInfo(&free, &total)); !told.ok()) return told;
  return total - free;
}

void* CudaSession::AllocPinned(size_t bytes) const {
  void* memory = nullptr;
  if (!MakeCurrent().ok()) return nullptr;
  const int code = driver_.MemHostAlloc(&memory, bytes, CudaDriver::kPortableHostMemory);
  return code == cuda_code::kSuccess ? memory : nullptr;
}

void CudaSession::FreePinned(void* memory) const {
  if (memory != nullptr && MakeCurrent().ok()) driver_.MemFreeHost(memory);
}

}  // namespace stallpoint
