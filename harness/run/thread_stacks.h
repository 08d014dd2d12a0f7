// Stacks of this process's threads, for the report of a run that hangs or crashes.
//
// By glibc's unwinder, which follows exception tables: libraries without frame pointers (most) are walked too.
#ifndef STALLPOINT_HARNESS_RUN_THREAD_STACKS_H_
#define STALLPOINT_HARNESS_RUN_THREAD_STACKS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace stallpoint {

struct ThreadStack {
  std::string name;                 // "main", "worker 0"
  char state = '?';                 // as in /proc: R runs, S sleeps, D waits for the disk
  int64_t batch = -1, sample = -1;  // where the engine had sent it; -1: nowhere
  bool answered = false;            // false: no frames, the thread did not take the signal in time
  std::vector<std::string> frames;  // innermost first: "Reader::Load()", "pause (libc.so.6)"
};

// Of all threads but the calling one and the recorder's, which takes no signals; each given `timeout_ns` to answer. One
// caller at a time. The threads go on: a system call that was interrupted is begun anew where the kernel can do that.
std::vector<ThreadStack> StacksOfOtherThreads(int64_t timeout_ns);

// Lines for people, one thread after the other.
std::vector<std::string> DescribeStacks(const std::vector<ThreadStack>& stacks);

// From now on a fatal signal writes its name and the stack to both descriptors before it ends the process.
void InstallCrashHandler(int report, int also);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_THREAD_STACKS_H_
