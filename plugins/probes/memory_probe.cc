#include "plugins/probes/memory_probe.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "plugins/probes/period.h"
#include "plugins/probes/proc_text.h"

namespace stallpoint::probes {
namespace {

constexpr int64_t kPssReadFactor = 500;
constexpr double kBytesPerKib = 1024;
constexpr char kRollup[] = "/proc/self/smaps_rollup";
constexpr char kSharedMemory[] = "/dev/shm";
// Lines of smaps_rollup, and the series they become.
constexpr std::pair<const char*, const char*> kPssLines[] = {{"Pss", "pss"},
                                                             {"Pss_Anon", "pss_anonymous"},
                                                             {"Pss_File", "pss_file"},
                                                             {"Pss_Shmem", "pss_shared"},
                                                             {"SwapPss", "swap"}};

}  // namespace

plugin::Description MemoryProbe::describe() {
  return {"memory",
          "resident memory by kind, page faults, swap, /dev/shm, what the machine has left",
          "1.0",
          {PeriodOption("250ms"),
           {"pss_period", "1s", "from one reading of the proportional memory to the next; 0: it is not read"}},
          ""};
}

MemoryProbe::MemoryProbe(plugin::Host host, const std::string& root)
    : host_(host),
      files_(root),
      options_(host, describe().options),
      period_ns_(options_.time_ns("period")),
      pss_period_ns_(options_.time_ns("pss_period")),
      has_pss_(pss_period_ns_ > 0 && ValueOf(files_.read(kRollup), "Pss").has_value()),
      has_shm_([&] {
        struct statvfs shm;
        return statvfs(files_.path(kSharedMemory).c_str(), &shm) == 0 && shm.f_blocks > 0;
      }()),
      pressure_(files_, "memory", true) {
  if (!ParseTaskStat(files_.read("/proc/self/stat"))) {
    throw plugin::Error(SP_FAILED_PRECONDITION,
                        files_.path("/proc/self/stat") + " cannot be read, expected the proc file system there");
  }
}

std::vector<plugin::Series> MemoryProbe::series() const {
  std::vector<plugin::Series> all = {{"faults_minor", "1/s"}, {"faults_major", "1/s"}, {"available", "bytes"},
                                     {"shared", "bytes"},     {"swap_in", "bytes/s"},  {"swap_out", "bytes/s"}};
  if (has_pss_) {
    for (const auto& [line, name] : kPssLines) all.push_back({name, "bytes"});
  }
  if (has_shm_) all.push_back({"shm_full", "1"});
  pressure_.add_to(all);
  return all;
}

void MemoryProbe::poll(int64_t now_ns, const plugin::Emitter& emit) {
  PollProcess(now_ns, emit);
  if (has_pss_ && now_ns >= next_pss_ns_) PollPss(now_ns, emit);
  PollMachine(now_ns, emit);
  pressure_.emit(now_ns, emit);
}

void MemoryProbe::PollProcess(int64_t now_ns, const plugin::Emitter& emit) {
  const auto stat = ParseTaskStat(files_.read("/proc/self/stat"));
  if (!stat) return;
  if (const auto minor = faults_minor_.per_second(stat->faults_minor, now_ns)) emit("faults_minor", *minor);
  if (const auto major = faults_major_.per_second(stat->faults_major, now_ns)) emit("faults_major", *major);
}

void MemoryProbe::PollPss(int64_t now_ns, const plugin::Emitter& emit) {
  const int64_t begin_ns = host_.now_ns();
  const std::string rollup = files_.read(kRollup);
  const int64_t cost_ns = std::min(host_.now_ns() - begin_ns, std::numeric_limits<int64_t>::max() / kPssReadFactor);
  next_pss_ns_ = now_ns + std::max(pss_period_ns_, kPssReadFactor * cost_ns);
  for (const auto& [line, name] : kPssLines) {
    if (const auto kib = ValueOf(rollup, line)) emit(name, static_cast<double>(*kib) * kBytesPerKib);
  }
}

void MemoryProbe::PollMachine(int64_t now_ns, const plugin::Emitter& emit) {
  const std::string meminfo = files_.read("/proc/meminfo");
  if (const auto kib = ValueOf(meminfo, "MemAvailable")) emit("available", static_cast<double>(*kib) * kBytesPerKib);
  if (const auto kib = ValueOf(meminfo, "Shmem")) emit("shared", static_cast<double>(*kib) * kBytesPerKib);
  const std::string vmstat = files_.read("/proc/vmstat");
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto emit_pages = [&](const char* key, Rate& rate, const char* name) {
    const auto pages = ValueOf(vmstat, key);
    if (!pages) return;
    if (const auto per_second = rate.per_second(*pages, now_ns)) emit(name, *per_second * page_bytes);
  };
  emit_pages("pswpin", swap_in_, "swap_in");
  emit_pages("pswpout", swap_out_, "swap_out");
  struct statvfs shm;
  if (has_shm_ && statvfs(files_.path(kSharedMemory).c_str(), &shm) == 0 && shm.f_blocks > 0) {
    emit("shm_full", 1 - static_cast<double>(shm.f_bavail) / static_cast<double>(shm.f_blocks));
  }
}

}  // namespace stallpoint::probes
