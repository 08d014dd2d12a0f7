// What a thread has used so far, for cost spans: CPU time, time spent runnable without a core, bytes from storage.
#ifndef STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_
#define STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace stallpoint {

struct ThreadUsage {
  uint64_t cpu_ns = 0;        // CLOCK_THREAD_CPUTIME_ID
  uint64_t run_queue_ns = 0;  // second field of schedstat; 0 where the kernel has none
  // Fetched by its reads and page faults because the page cache did not have it, read-ahead included (ru_inblock of
  // getrusage); 0 where the kernel or the file system does not count.
  uint64_t storage_bytes = 0;

  ThreadUsage operator-(const ThreadUsage& earlier) const {
    return {cpu_ns - earlier.cpu_ns, run_queue_ns - earlier.run_queue_ns, storage_bytes - earlier.storage_bytes};
  }
};

// Of the calling thread. About 0.7 microseconds while the thread computes, 1.7 once it was off its core for 10
// microseconds since the last reading: only then are the run-queue wait and the bytes read anew, which are therefore
// late by no more than that. Keeps one descriptor per thread open until the thread ends.
ThreadUsage ReadThreadUsage();

// The run-queue field of a schedstat text ("cpu_ns run_queue_ns slices"), or nothing when it is not one.
std::optional<uint64_t> ParseRunQueueNs(std::string_view schedstat);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_THREAD_USAGE_H_
