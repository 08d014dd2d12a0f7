// Writes the seeds for fuzzing CUPTI buffers into the folder named on the command line.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "cupti.h"

namespace {

template <typename Record>
std::string Bytes(CUpti_ActivityKind kind, uint64_t begin_ns, uint64_t end_ns, void (*fill)(Record&)) {
  Record record;
  memset(&record, 0, sizeof(record));
  record.kind = kind;
  record.start = begin_ns;
  record.end = end_ns;
  record.correlationId = 5;
  fill(record);
  return {reinterpret_cast<const char*>(&record), sizeof(record)};
}

std::string Kernel(uint64_t begin_ns, uint64_t end_ns) {
  return Bytes<CUpti_ActivityKernel9>(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, begin_ns, end_ns,
                                      [](CUpti_ActivityKernel9& kernel) { kernel.streamId = 7; });
}

std::string Copy() {
  return Bytes<CUpti_ActivityMemcpy5>(CUPTI_ACTIVITY_KIND_MEMCPY, 300, 400, [](CUpti_ActivityMemcpy5& copy) {
    copy.copyKind = CUPTI_ACTIVITY_MEMCPY_KIND_HTOD;
    copy.srcKind = CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE;
    copy.bytes = 4096;
  });
}

std::string Call(CUpti_ActivityKind kind) {
  return Bytes<CUpti_ActivityAPI>(kind, 50, 60, [](CUpti_ActivityAPI& call) { call.cbid = 211; });
}

std::string Wait() {
  return Bytes<CUpti_ActivitySynchronization>(CUPTI_ACTIVITY_KIND_SYNCHRONIZATION, 500, 600,
                                              [](CUpti_ActivitySynchronization& wait) { wait.streamId = 7; });
}

std::string Memory() {
  CUpti_ActivityMemory3 record;
  memset(&record, 0, sizeof(record));
  record.kind = CUPTI_ACTIVITY_KIND_MEMORY2;
  record.memoryOperationType = CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION;
  record.memoryKind = CUPTI_ACTIVITY_MEMORY_KIND_DEVICE;
  record.bytes = 1 << 20;
  record.timestamp = 700;
  return {reinterpret_cast<const char*>(&record), sizeof(record)};
}

// Of a kind that is not recorded: three words long, as it says.
std::string Other() { return std::string("\x08\0\0\0\x03", 5) + std::string(19, '\0'); }

void Write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_cupti_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  Write(folder / "step", Call(CUPTI_ACTIVITY_KIND_RUNTIME) + Copy() + Call(CUPTI_ACTIVITY_KIND_DRIVER) +
                             Kernel(410, 490) + Wait() + Memory() + Other());
  Write(folder / "impossible", Kernel(200, 100) + Kernel(0, 0) + Kernel(~uint64_t{1}, ~uint64_t{0}) + Kernel(1, 2));
  Write(folder / "torn", Kernel(1, 2) + Copy().substr(0, 40));
  return 0;
}
