// Counters of the whole process, sampled at every flush: resident memory, proportional memory, page faults.
//
// One thread at a time. What the kernel does not offer is left out, never guessed.
#ifndef STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_
#define STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace stallpoint {

struct ProcessSample {
  std::optional<uint64_t> rss_bytes;                      // resident, shared pages in full
  std::optional<uint64_t> pss_bytes;                      // resident, shared pages by share; absent in most samples
  uint64_t page_faults_major = 0, page_faults_minor = 0;  // since the process began
};

class ProcessCounters {
 public:
  ProcessCounters();
  ~ProcessCounters();
  ProcessCounters(const ProcessCounters&) = delete;
  ProcessCounters& operator=(const ProcessCounters&) = delete;

  // PSS is read once a second, and less often in a process so large that reading it takes more than 0.2 percent of
  // the time: the kernel walks all its pages.
  ProcessSample Sample();

 private:
  const int statm_;  // kept open; -1 when there is none
  int64_t next_pss_ns_ = 0;
};

// Second field of /proc/self/statm ("size resident shared ..."), in bytes.
std::optional<uint64_t> ParseResidentBytes(std::string_view statm, uint64_t page_bytes);
// The line "Pss: N kB" of /proc/self/smaps_rollup, in bytes.
std::optional<uint64_t> ParsePssBytes(std::string_view smaps_rollup);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_PROCESS_COUNTERS_H_
