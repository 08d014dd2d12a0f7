#include "plugins/probes/storage_probe.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "plugins/probes/period.h"

namespace stallpoint::probes {
namespace {

constexpr double kDiskNsPerMs = 1e6, kMsPerSecond = 1e3;
constexpr char kIo[] = "/proc/self/io", kDisks[] = "/proc/diskstats";

}  // namespace

plugin::Description StorageProbe::describe() {
  return {"storage",
          "bytes read and written, threads that wait for storage, latency of the data's device",
          "1.0",
          {PeriodOption("250ms"), {"data_dir", "", "the folder whose device is looked at (the run's data)"}},
          ""};
}

StorageProbe::StorageProbe(plugin::Host host, const std::string& root)
    : files_(root),
      options_(host, describe().options),
      period_ns_(options_.time_ns("period")),
      has_io_(ValueOf(files_.read(kIo), "rchar").has_value()),
      threads_(files_),
      pressure_(files_, "io", true) {
  if (files_.list("/proc/self/task").empty()) {
    throw plugin::Error(SP_FAILED_PRECONDITION,
                        files_.path("/proc/self/task") + " cannot be read, expected the proc file system there");
  }
  const std::string data_dir = options_.text("data_dir");
  struct stat folder;
  if (data_dir.empty() || stat(data_dir.c_str(), &folder) != 0) return;
  device_major_ = major(folder.st_dev);
  device_minor_ = minor(folder.st_dev);
  // Network and overlay file systems have no such line.
  const auto totals = ParseDiskStats(files_.read(kDisks), device_major_, device_minor_);
  has_device_ = totals.has_value();
  if (has_device_) last_device_ = *totals;
}

std::vector<plugin::Series> StorageProbe::series() const {
  std::vector<plugin::Series> all = {{"threads_blocked", "1"}};
  if (has_io_) {
    all.push_back({"read", "bytes/s"});
    all.push_back({"read_requested", "bytes/s"});
    all.push_back({"read_calls", "1/s"});
    all.push_back({"written", "bytes/s"});
  }
  if (has_device_) {
    all.push_back({"device_reads", "1/s"});
    all.push_back({"device_read_latency", "ns"});
    all.push_back({"device_busy", "1"});
  }
  pressure_.add_to(all);
  return all;
}

void StorageProbe::poll(int64_t now_ns, const plugin::Emitter& emit) {
  emit("threads_blocked", static_cast<double>(threads_.scan(false).blocked));
  if (has_io_) PollProcess(now_ns, emit);
  if (has_device_) PollDevice(now_ns, emit);
  pressure_.emit(now_ns, emit);
}

void StorageProbe::PollProcess(int64_t now_ns, const plugin::Emitter& emit) {
  const std::string io = files_.read(kIo);
  const auto emit_rate = [&](const char* key, Rate& rate, const char* name) {
    const auto total = ValueOf(io, key);
    if (!total) return;
    if (const auto per_second = rate.per_second(*total, now_ns)) emit(name, *per_second);
  };
  emit_rate("read_bytes", read_, "read");
  emit_rate("rchar", requested_, "read_requested");
  emit_rate("syscr", calls_, "read_calls");
  emit_rate("write_bytes", written_, "written");
}

void StorageProbe::PollDevice(int64_t now_ns, const plugin::Emitter& emit) {
  const auto totals = ParseDiskStats(files_.read(kDisks), device_major_, device_minor_);
  if (!totals) return;
  if (const auto reads = device_reads_.per_second(totals->reads, now_ns)) emit("device_reads", *reads);
  if (const auto busy = device_busy_.per_second(totals->busy_ms, now_ns)) emit("device_busy", *busy / kMsPerSecond);
  if (totals->reads > last_device_.reads && totals->read_ms >= last_device_.read_ms) {
    const auto reads = static_cast<double>(totals->reads - last_device_.reads);
    emit("device_read_latency", static_cast<double>(totals->read_ms - last_device_.read_ms) * kDiskNsPerMs / reads);
  }
  last_device_ = *totals;
}

}  // namespace stallpoint::probes
