// The probes over files that say what a kernel would.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>

#include "catch.h"
#include "plugins/probes/cpu_probe.h"
#include "plugins/probes/memory_probe.h"
#include "plugins/probes/storage_probe.h"
#include "tests/plugins/fake_host.h"
#include "tests/plugins/scratch_folder.h"

namespace stallpoint::probes {
namespace {

using plugin::Emitter;
using plugin::Host;
using testing::FakeHost;
using testing::ScratchFolder;
using Values = std::map<std::string, double>;

constexpr int64_t kQuarter = 250'000'000;

std::string Stat(char state, const std::string& name = "loader", int minor = 0, int major_faults = 0, int user = 0,
                 int system = 0) {
  return "101 (" + name + ") " + state + " 1 1 1 0 -1 4194304 " + std::to_string(minor) + " 0 " +
         std::to_string(major_faults) + " 0 " + std::to_string(user) + " " + std::to_string(system) +
         " 0 0 20 0 4 0 82496 3133440 413\n";
}

std::string Pressure(int some_us, int full_us) {
  return "some avg10=0.14 avg60=0.51 avg300=6.25 total=" + std::to_string(some_us) +
         "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(full_us) + "\n";
}

// A machine with a process of four threads, of which 101 is the probe's.
class Machine {
 public:
  Machine() {
    thread("100", 'R', "1000 0 10\n");
    thread("101", 'R', "1000 0 10\n");
    thread("102", 'S', "1000 500000000 20\n");
    thread("103", 'D', "1000 0 5\n");
    std::filesystem::create_symlink("self/task/101", folder_.path() / "proc/thread-self");
    write("/proc/self/stat", Stat('R', "train", 1000, 2, 300, 100));
    write("/proc/self/schedstat", "1000 0 10\n");
    write("/proc/self/cgroup", "4:memory:/\n0::/\n");
  }
  void write(const std::string& name, const std::string& text) const { folder_.write(name.substr(1), text); }
  void remove(const std::string& name) const { std::filesystem::remove_all(folder_.path() / name.substr(1)); }
  void thread(const std::string& id, char state, const std::string& schedstat) const {
    write("/proc/self/task/" + id + "/stat", Stat(state));
    write("/proc/self/task/" + id + "/schedstat", schedstat);
  }
  std::string root() const { return folder_.path().string(); }

 private:
  ScratchFolder folder_;
};

template <typename P>
class Watched {
 public:
  explicit Watched(const Machine& machine, std::map<std::string, std::string> options = {})
      : host_(std::move(options)),
        probe_(Host(host_.table()), machine.root()),
        emit_(Host(host_.table()), probe_.series()) {}

  Values poll(int64_t now_ns) {
    probe_.poll(now_ns, emit_);
    Values values;
    for (const auto& [name, value] : host_.take_counters()) {
      INFO(name << " is emitted once");
      CHECK(values.emplace(name, value).second);
    }
    return values;
  }
  bool declares(const std::string& name) const {
    for (const plugin::Series& one : probe_.series()) {
      if (one.name == name) return true;
    }
    return false;
  }
  const P& probe() const { return probe_; }

 private:
  FakeHost host_;
  P probe_;
  Emitter emit_;
};

TEST_CASE("cpu tells threads by state without its own, cores used and the wait for a core") {
  const Machine machine;
  machine.write("/proc/pressure/cpu", Pressure(1'000'000, 0));
  Watched<CpuProbe> cpu(machine);
  CHECK(cpu.probe().min_poll_ns() == kQuarter);
  const Values first = cpu.poll(1'000'000'000);
  CHECK(first == Values{{"threads_runnable", 1}, {"threads_sleeping", 1}, {"threads_blocked", 1}});

  machine.write("/proc/self/stat", Stat('R', "train", 1000, 2, 300 + static_cast<int>(sysconf(_SC_CLK_TCK)) / 4, 100));
  machine.write("/proc/pressure/cpu", Pressure(1'125'000, 0));
  machine.thread("102", 'R', "2000 625000000 45\n");
  machine.remove("/proc/self/task/103");
  machine.thread("104", 'R', "1000 250000000 5\n");  // began since
  const Values second = cpu.poll(1'000'000'000 + kQuarter);
  CHECK(second.at("threads_runnable") == 3);
  CHECK(second.at("threads_blocked") == 0);
  CHECK(second.at("cores_used") == Approx(1));
  CHECK(second.at("run_queue") == Approx(1.5));
  CHECK(second.at("context_switches") == Approx(120));
  CHECK(second.at("pressure_some") == Approx(0.5));
}

TEST_CASE("cpu reads the pressure of the run's own cgroup where there is one") {
  const Machine machine;
  machine.write("/proc/self/cgroup", "1:cpu:/\n0::/train.slice\n");
  machine.write("/proc/pressure/cpu", Pressure(0, 0));
  machine.write("/sys/fs/cgroup/unified/train.slice/cpu.pressure", Pressure(0, 0));
  Watched<CpuProbe> cpu(machine);
  cpu.poll(0);
  machine.write("/sys/fs/cgroup/unified/train.slice/cpu.pressure", Pressure(250'000, 0));
  CHECK(cpu.poll(kQuarter).at("pressure_some") == Approx(1));
}

TEST_CASE("what a kernel does not offer is not declared, and what goes away is left out") {
  const Machine machine;
  machine.remove("/proc/self/schedstat");
  Watched<CpuProbe> cpu(machine);
  CHECK_FALSE(cpu.declares("pressure_some"));
  CHECK_FALSE(cpu.declares("run_queue"));
  cpu.poll(0);
  machine.remove("/proc/self/stat");
  CHECK(cpu.poll(kQuarter).count("cores_used") == 0);
}

TEST_CASE("without a proc file system a probe says what it expected") {
  const ScratchFolder empty;
  FakeHost host;
  CHECK_THROWS_WITH(CpuProbe(Host(host.table()), empty.path().string()),
                    Catch::Contains("/proc/self/stat cannot be read, expected the proc file system there"));
  CHECK_THROWS_AS(MemoryProbe(Host(host.table()), empty.path().string()), plugin::Error);
  CHECK_THROWS_AS(StorageProbe(Host(host.table()), empty.path().string()), plugin::Error);
}

TEST_CASE("memory tells faults and swapping as rates, and what memory is made of now and then") {
  const Machine machine;
  machine.write("/proc/meminfo", "MemTotal: 100 kB\nMemAvailable:   50 kB\nShmem:              8 kB\n");
  machine.write("/proc/vmstat", "nr_free_pages 1\npswpin 10\npswpout 0\n");
  machine.write("/proc/self/smaps_rollup",
                "55df1cd69000-7ffc4fdce000 ---p 00000000 00:00 0 [rollup]\nRss: 1688 kB\nPss: 321 kB\n"
                "Pss_Anon: 116 kB\nPss_File: 205 kB\nPss_Shmem: 0 kB\nSwap: 4 kB\nSwapPss: 2 kB\n");
  Watched<MemoryProbe> memory(machine, {{"pss_period", "300ms"}});
  const Values first = memory.poll(0);
  CHECK(first.at("pss") == 321 * 1024);
  CHECK(first.at("pss_anonymous") == 116 * 1024);
  CHECK(first.at("swap") == 2 * 1024);
  CHECK(first.at("available") == 50 * 1024);
  CHECK(first.at("shared") == 8 * 1024);
  CHECK(first.count("faults_major") == 0);

  machine.write("/proc/self/stat", Stat('R', "train", 1500, 3, 300, 100));
  machine.write("/proc/vmstat", "nr_free_pages 1\npswpin 12\npswpout 0\n");
  const Values second = memory.poll(kQuarter);
  CHECK(second.count("pss") == 0);
  CHECK(second.at("faults_minor") == Approx(2000));
  CHECK(second.at("faults_major") == Approx(4));
  CHECK(second.at("swap_in") == Approx(8.0 * static_cast<double>(sysconf(_SC_PAGESIZE))));
  CHECK(second.at("swap_out") == 0);
  CHECK(memory.poll(3'600'000'000'000).count("pss") == 1);
}

TEST_CASE("memory leaves the proportional memory alone when told to, and knows how full /dev/shm is") {
  const Machine machine;
  machine.write("/proc/self/smaps_rollup", "Rss: 1688 kB\nPss: 321 kB\n");
  Watched<MemoryProbe> memory(machine, {{"pss_period", "0"}});
  CHECK_FALSE(memory.declares("pss"));
  CHECK_FALSE(memory.declares("shm_full"));
  machine.write("/dev/shm/a", "something");
  Watched<MemoryProbe> with_shm(machine);
  const double full = with_shm.poll(0).at("shm_full");
  CHECK(full >= 0);
  CHECK(full <= 1);
}

TEST_CASE("storage tells what came from the device beside what was asked for, and who waits") {
  const Machine machine;
  machine.write("/proc/pressure/io", Pressure(0, 0));
  machine.write("/proc/self/io", "rchar: 1000\nwchar: 0\nsyscr: 10\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n");
  Watched<StorageProbe> storage(machine);
  CHECK(storage.poll(0) == Values{{"threads_blocked", 1}});
  machine.write("/proc/pressure/io", Pressure(125'000, 25'000));
  machine.write("/proc/self/io", "rchar: 2000\nwchar: 0\nsyscr: 20\nsyscw: 0\nread_bytes: 500\nwrite_bytes: 100\n");
  const Values second = storage.poll(kQuarter);
  CHECK(second.at("read_requested") == Approx(4000));
  CHECK(second.at("read") == Approx(2000));
  CHECK(second.at("read_calls") == Approx(40));
  CHECK(second.at("written") == Approx(400));
  CHECK(second.at("pressure_some") == Approx(0.5));
  CHECK(second.at("pressure_full") == Approx(0.1));
  CHECK_FALSE(storage.declares("device_reads"));
}

TEST_CASE("storage tells the latency of the device that holds the data") {
  const Machine machine;
  struct stat data;
  REQUIRE(stat(machine.root().c_str(), &data) == 0);
  const auto disk = [&](int reads, int read_ms, int busy_ms) {
    machine.write("/proc/diskstats", "   7       0 loop0 9 9 9 9 9 9 9 9 9 9 9\n " +
                                         std::to_string(major(data.st_dev)) + " " + std::to_string(minor(data.st_dev)) +
                                         " vda " + std::to_string(reads) + " 0 0 " + std::to_string(read_ms) +
                                         " 0 0 0 0 0 " + std::to_string(busy_ms) + " 0\n");
  };
  disk(100, 1000, 500);
  Watched<StorageProbe> storage(machine, {{"data_dir", machine.root()}});
  storage.poll(0);
  disk(110, 1080, 600);
  const Values second = storage.poll(kQuarter);
  CHECK(second.at("device_reads") == Approx(40));
  CHECK(second.at("device_read_latency") == Approx(8e6));
  CHECK(second.at("device_busy") == Approx(0.4));
  CHECK(storage.poll(2 * kQuarter).count("device_read_latency") == 0);
}

TEST_CASE("the probes read this machine, and nothing but what they declared") {
  FakeHost host;
  const Host wrapped(host.table());
  std::unique_ptr<plugin::Probe> probes[] = {std::make_unique<CpuProbe>(wrapped),
                                             std::make_unique<MemoryProbe>(wrapped),
                                             std::make_unique<StorageProbe>(wrapped)};
  for (const auto& probe : probes) {
    const Emitter emit(wrapped, probe->series());
    probe->poll(1, emit);
    probe->poll(kQuarter, emit);
    CHECK_FALSE(host.take_counters().empty());
  }
}

}  // namespace
}  // namespace stallpoint::probes
