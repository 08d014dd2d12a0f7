// Counters of the whole process, sampled at every flush: memory and page faults.
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
};

class ProcessCounters {
 public:
  ProcessCounters();
  ~ProcessCounters();
  ProcessCounters(const ProcessCounters&) = delete;
  ProcessCounters& operator=(const ProcessCounters&) = delete;

  ProcessSample Sample() const;
  ProcessMemory Memory() const;

 private:
  const int status_;  // kept open; -1 when there is none
};

// The text of /proc/PID/status.
ProcessMemory ParseProcessMemory(std::string_view status);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_
