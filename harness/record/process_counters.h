// Counters of the whole process, sampled at every flush: memory, page faults, open files, and beside its CPU time the
// machine's.
//
// One thread at a time. What the kernel does not offer is left out, never guessed.
#ifndef STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_
#define STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace stallpoint {

// Bytes. `held` is what the kernel cannot take back from the process, and so what a limit has to leave room for:
// anonymous and shared memory, swapped out or not, and page tables. Pages of files (libraries, the data set) are left
// out: they are dropped when room is needed, and often belong to whoever read them first.
struct ProcessMemory {
  std::optional<uint64_t> resident;   // shared pages and pages of files in full
  std::optional<uint64_t> held;       // Linux 4.5 and later
  std::optional<uint64_t> held_peak;  // most since the process began, known to the kernel between readings too
};

struct ProcessSample {
  ProcessMemory memory;
  uint64_t page_faults_major = 0, page_faults_minor = 0;  // since the process began
  std::optional<uint64_t> open_files;                     // descriptors
  // CPU time so far, of the process and of everything on the machine; absent in samples that come too soon after one.
  std::optional<uint64_t> process_cpu_ns, machine_cpu_ns;
};

class ProcessCounters {
 public:
  ProcessCounters();
  ~ProcessCounters();
  ProcessCounters(const ProcessCounters&) = delete;
  ProcessCounters& operator=(const ProcessCounters&) = delete;

  // The machine's CPU time is read so seldom that it takes no more than 0.1 percent of a core: its text grows with the
  // machine.
  ProcessSample Sample();
  ProcessMemory Memory() const;

 private:
  const int status_;  // kept open; -1 when there is none
  int64_t next_machine_ns_ = 0;
};

// Time that processors were not idle, of all since the machine began: the first line of /proc/stat, in ticks of so many
// to a second.
std::optional<uint64_t> ParseMachineCpuNs(std::string_view stat, int64_t ticks_per_second);

// The text of /proc/PID/status.
ProcessMemory ParseProcessMemory(std::string_view status);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_
