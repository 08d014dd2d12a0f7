#include "tests/harness/fake_cupti.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cupti.h"

namespace {

FakeCupti fake;
std::mutex mutex;
std::string calls;
CUpti_BuffersCallbackRequestFunc request;
CUpti_BuffersCallbackCompleteFunc complete;
CUpti_TimestampCallbackFunc timestamp;
constexpr size_t kRecord = sizeof(CUpti_ActivityKernel9);

CUptiResult Note(const char* name) {
  const std::lock_guard lock(mutex);
  calls += std::string(name) + " ";
  return strcmp(fake.failing, name) == 0 ? static_cast<CUptiResult>(fake.code) : CUPTI_SUCCESS;
}

void DeliverKernels(uint32_t first, uint32_t count) {
  while (count > 0) {
    uint8_t* buffer = nullptr;
    size_t bytes = 0, most = 0;
    request(&buffer, &bytes, &most);
    if (bytes < kRecord) return;
    // Small parts, so that many buffers are under way.
    const auto fits = static_cast<uint32_t>(std::min<size_t>({bytes / kRecord, count, 100}));
    for (uint32_t i = 0; i < fits; ++i) {
      CUpti_ActivityKernel9 kernel = {};
      kernel.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
      kernel.name = "kernel";
      kernel.start = timestamp();
      kernel.end = kernel.start;
      kernel.correlationId = first + i;
      memcpy(buffer + i * kRecord, &kernel, kRecord);
    }
    complete(nullptr, 0, buffer, bytes, fits * kRecord);
    first += fits;
    count -= fits;
  }
}

void Deliver() {
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < fake.threads; ++i) {
    threads.emplace_back(DeliverKernels, 1 + i * fake.kernels, fake.kernels);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED FakeCupti* Settings() { return &fake; }
EXPORTED void Reset() {
  const std::lock_guard lock(mutex);
  fake = {};
  calls.clear();
}
EXPORTED const char* Calls() { return calls.c_str(); }
EXPORTED void DeliverNow() { Deliver(); }

EXPORTED CUptiResult cuptiGetVersion(uint32_t* version) {
  *version = fake.version;
  return CUPTI_SUCCESS;
}
EXPORTED CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc, void*) {
  *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&fake);
  return Note("cuptiSubscribe");
}
EXPORTED CUptiResult cuptiFinalize() { return Note("cuptiFinalize"); }
EXPORTED CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) { return Note("cuptiUnsubscribe"); }
EXPORTED CUptiResult cuptiActivityRegisterTimestampCallback(CUpti_TimestampCallbackFunc function) {
  timestamp = function;
  return Note("cuptiActivityRegisterTimestampCallback");
}
EXPORTED CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc requested,
                                                    CUpti_BuffersCallbackCompleteFunc completed) {
  request = requested;
  complete = completed;
  return Note("cuptiActivityRegisterCallbacks");
}
EXPORTED CUptiResult cuptiActivityEnable(CUpti_ActivityKind) { return Note("cuptiActivityEnable"); }
EXPORTED CUptiResult cuptiActivityDisable(CUpti_ActivityKind) { return Note("cuptiActivityDisable"); }
EXPORTED CUptiResult cuptiActivityFlushAll(uint32_t flag) {
  const CUptiResult noted =
      Note(flag == CUPTI_ACTIVITY_FLAG_FLUSH_FORCED ? "cuptiActivityFlushAll(forced)" : "cuptiActivityFlushAll");
  if (flag == CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) Deliver();
  return noted;
}
EXPORTED CUptiResult cuptiActivityGetNextRecord(uint8_t* buffer, size_t valid_bytes, CUpti_Activity** record) {
  uint8_t* next = *record == nullptr ? buffer : reinterpret_cast<uint8_t*>(*record) + kRecord;
  if (next + kRecord > buffer + valid_bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}
EXPORTED CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, uint32_t, size_t* dropped) {
  const std::lock_guard lock(mutex);
  *dropped = fake.dropped;
  fake.dropped = 0;
  return CUPTI_SUCCESS;
}
EXPORTED CUptiResult cuptiGetCallbackName(CUpti_CallbackDomain, uint32_t, const char** name) {
  *name = "cudaLaunchKernel_v7000";
  return CUPTI_SUCCESS;
}
