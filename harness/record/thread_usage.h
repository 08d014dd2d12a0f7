// What a thread has used so far, for cost spans: CPU time, time spent runnable without a core, bytes from storage.
#ifndef STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_
#define STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace stallpoint {

struct ThreadUsage {
  uint64_t cpu_ns = 0;        // on a core; what a hypervisor took of it is not told apart
  uint64_t run_queue_ns = 0;  // second field of schedstat; 0 where the kernel has none
  // Fetched by its reads and page faults because the page cache did not have it, read-ahead included (ru_inblock of
  // getrusage); 0 where the kernel or the file system does not count.
  uint64_t storage_bytes = 0;

  ThreadUsage operator-(const ThreadUsage& earlier) const {
    return {cpu_ns - earlier.cpu_ns, run_queue_ns - earlier.run_queue_ns, storage_bytes - earlier.storage_bytes};
  }
};

// Of the calling thread. About 0.4 microseconds while the thread computes, 1.3 once it was preempted and 1.9 once it
// slept since the last reading.
//
// The kernel counts how often a thread gave up its core and how often it lost it. One that did neither since the last
// reading has computed ever since, one that only lost it has computed or waited for a core; so the clock of its CPU
// time is read only after a sleep. That clock is no innocent reader: it makes the kernel account for the thread's slice
// there and then, and a thread that ends a stretch of computing with it on a core that others wait for loses the core
// at that very point, goes to sleep only a slice later, and falls into step with the others (replay/evidence.md). Keeps
// one descriptor per thread open until the thread ends.
ThreadUsage ReadThreadUsage();

// The run-queue field of a schedstat text ("cpu_ns run_queue_ns slices"), or nothing when it is not one.
std::optional<uint64_t> ParseRunQueueNs(std::string_view schedstat);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_
