#include "tests/harness/fake_cuda.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

// FAKE_CUDA_...: for a program that cannot be told otherwise.
FakeCuda AsTold() {
  FakeCuda settings;
  if (const char* devices = getenv("FAKE_CUDA_DEVICES"); devices != nullptr) settings.devices = atoi(devices);
  if (const char* copy = getenv("FAKE_CUDA_COPY"); copy != nullptr) {
    settings.copy_ns = atoll(copy);
    if (const char* comma = strchr(copy, ','); comma != nullptr) settings.copy_ns_per_kib = atoll(comma + 1);
  }
  return settings;
}

FakeCuda fake = AsTold();
std::mutex mutex;
// Its thread waits to the very end of the process.
std::condition_variable& changed = *new std::condition_variable;
std::string calls;
std::map<void*, size_t> memory;             // of the device
std::map<const char*, size_t> page_locked;  // of the host
size_t used_bytes = 0;
int64_t objects = 0;

struct Event {
  bool recorded = false, passed = true;
  Clock::time_point at;
};

// The device: one queue, whatever the stream.
std::deque<std::function<void()>>& queue = *new std::deque<std::function<void()>>;
size_t done = 0, given = 0;

void Run() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [] { return !queue.empty(); });
    const std::function<void()> work = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    work();
    lock.lock();
    ++done;
    changed.notify_all();
  }
}

// Returns how much the device had been given with it.
size_t Give(std::function<void()> work) {
  static const bool started = [] {
    std::thread(Run).detach();
    return true;
  }();
  (void)started;
  const std::lock_guard lock(mutex);
  queue.push_back(std::move(work));
  changed.notify_all();
  return ++given;
}

bool IsPageLocked(const void* from) {
  const std::lock_guard lock(mutex);
  const auto* byte = static_cast<const char*>(from);
  const auto after = page_locked.upper_bound(byte);
  return after != page_locked.begin() && byte < std::prev(after)->first + std::prev(after)->second;
}

int Note(const char* name) {
  const std::lock_guard lock(mutex);
  calls += std::string(name) + " ";
  return strcmp(fake.failing, name) == 0 ? fake.code : 0;
}

void Spend(int64_t ns) {
  if (ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(ns));
}

int Made(int code) {
  const std::lock_guard lock(mutex);
  if (code == 0) ++objects;
  return code;
}
int Gone(int code) {
  const std::lock_guard lock(mutex);
  --objects;
  return code;
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED FakeCuda* FakeCudaSettings() { return &fake; }
EXPORTED void FakeCudaReset() {
  const std::lock_guard lock(mutex);
  fake = AsTold();
  calls.clear();
}
EXPORTED const char* FakeCudaCalls() { return calls.c_str(); }
EXPORTED int64_t FakeCudaInUse() {
  const std::lock_guard lock(mutex);
  return objects;
}
EXPORTED void FakeCudaKernel(int64_t ns, void (*function)(void*), void* argument) {
  Give([=] {
    Spend(ns);
    if (function != nullptr) function(argument);
  });
}

EXPORTED int cuInit(unsigned) {
  Note("cuInit");
  return fake.init_code;
}
EXPORTED int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}
EXPORTED int cuGetErrorName(int code, const char** name) {
  *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return 0;
}
EXPORTED int cuGetErrorString(int, const char** text) {
  *text = "as told";
  return 0;
}
EXPORTED int cuDeviceGetCount(int* count) {
  *count = fake.devices;
  return 0;
}
EXPORTED int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return Note("cuDeviceGet");
}
EXPORTED int cuDeviceGetName(char* name, int bytes, int) {
  strncpy(name, "Fake GPU", static_cast<size_t>(bytes));
  return 0;
}
EXPORTED int cuDeviceGetUuid(unsigned char* uuid, int) {
  for (unsigned char i = 0; i < 16; ++i) uuid[i] = i;
  return 0;
}
EXPORTED int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = fake.memory_bytes;
  return 0;
}
EXPORTED int cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &fake;
  return Made(Note("cuDevicePrimaryCtxRetain"));
}
EXPORTED int cuDevicePrimaryCtxRelease_v2(int) { return Gone(Note("cuDevicePrimaryCtxRelease")); }
EXPORTED int cuCtxSetCurrent(void*) { return 0; }
EXPORTED int cuStreamCreate(void** stream, unsigned) {
  *stream = &queue;
  return Made(Note("cuStreamCreate"));
}
EXPORTED int cuStreamDestroy_v2(void*) { return Gone(Note("cuStreamDestroy")); }
EXPORTED int cuStreamSynchronize(void*) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [] { return done == given; });
  return 0;
}
EXPORTED int cuLaunchHostFunc(void*, void (*function)(void*), void* argument) {
  const int code = Note("cuLaunchHostFunc");
  if (code == 0) Give([=] { function(argument); });
  return code;
}
EXPORTED int cuEventCreate(Event** event, unsigned) {
  *event = new Event;
  return Made(0);
}
EXPORTED int cuEventDestroy_v2(Event* event) {
  delete event;
  return Gone(0);
}
EXPORTED int cuEventRecord(Event* event, void*) {
  {
    const std::lock_guard lock(mutex);
    event->recorded = true;
    event->passed = false;
  }
  Give([event] {
    const std::lock_guard lock(mutex);
    event->at = Clock::now();
    event->passed = true;
    changed.notify_all();
  });
  return Note("cuEventRecord");
}
EXPORTED int cuEventSynchronize(Event* event) {
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [event] { return event->passed; });
  }
  return Note("cuEventSynchronize");
}
EXPORTED int cuEventElapsedTime(float* milliseconds, Event* begin, Event* end) {
  const std::lock_guard lock(mutex);
  if (!begin->recorded || !end->recorded) return 400;
  if (!begin->passed || !end->passed) return 600;
  *milliseconds = std::chrono::duration<float, std::milli>(end->at - begin->at).count();
  return 0;
}
EXPORTED int cuMemAlloc_v2(void** block, size_t bytes) {
  const int code = Note("cuMemAlloc");
  if (code != 0) return code;
  const std::lock_guard lock(mutex);
  if (used_bytes + bytes > fake.memory_bytes) return 2;
  *block = malloc(bytes);
  memory[*block] = bytes;
  used_bytes += bytes;
  ++objects;
  return 0;
}
EXPORTED int cuMemFree_v2(void* block) {
  const std::lock_guard lock(mutex);
  used_bytes -= memory[block];
  memory.erase(block);
  free(block);
  --objects;
  return 0;
}
EXPORTED int cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
  const std::lock_guard lock(mutex);
  *free_bytes = fake.memory_bytes - used_bytes;
  *total_bytes = fake.memory_bytes;
  return 0;
}
EXPORTED int cuMemHostAlloc(void** block, size_t bytes, unsigned) {
  const int code = Note("cuMemHostAlloc");
  if (code != 0) return code;
  *block = malloc(bytes);
  {
    const std::lock_guard lock(mutex);
    page_locked[static_cast<char*>(*block)] = bytes;
  }
  return Made(0);
}
EXPORTED int cuMemFreeHost(void* block) {
  {
    const std::lock_guard lock(mutex);
    page_locked.erase(static_cast<char*>(block));
  }
  free(block);
  return Gone(0);
}
EXPORTED int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  const int code = Note("cuMemcpyHtoDAsync");
  if (code != 0) return code;
  const size_t place = Give([=, takes = fake.copy_ns + fake.copy_ns_per_kib * static_cast<int64_t>(bytes / 1024)] {
    Spend(takes);
    memcpy(to, from, bytes);
  });
  // Through buffers of the driver's own, which have room for this much at a time. Seen on an H200 with driver 580.
  constexpr size_t kStaged = 64 << 10;
  if (bytes > kStaged && !IsPageLocked(from)) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [place] { return done >= place; });
  }
  return 0;
}
EXPORTED int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
  Give([=] { memcpy(to, from, bytes); });
  return Note("cuMemcpyDtoHAsync");
}
