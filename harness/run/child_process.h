// The process that a run lives in: started, waited for, and gone without a trace of itself, whatever happens.
//
// It has a process group of its own, standard output on our standard error, and is killed by the kernel when the thread
// that started it ends. One thread.
#ifndef STALLPOINT_HARNESS_RUN_CHILD_PROCESS_H_
#define STALLPOINT_HARNESS_RUN_CHILD_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "harness/run/message_socket.h"

namespace stallpoint {

class ChildProcess {
 public:
  // Starts the program `stallpoint-run`. NotFound says where it was looked for.
  static absl::StatusOr<ChildProcess> Start();
  // Kills the process group and reaps the child.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  const MessageSocket& socket() const { return socket_; }
  pid_t pid() const { return pid_; }

  // Kills the process group; the status of the child (waitpid).
  int KillAndWait();
  // Waits until the child has ended by itself, at most so long; its status, or nothing.
  std::optional<int> WaitFor(int64_t timeout_ns);

  // "was ended by SIGSEGV (Segmentation fault)" or "called exit(3)".
  static std::string HowItEnded(int status);

  // The first lines of the stack that the child wrote when it crashed; may be empty.
  std::string CrashStack() const;

 private:
  ChildProcess(pid_t pid, MessageSocket socket, int stack_file);

  pid_t pid_;
  MessageSocket socket_;
  int stack_file_;
  std::optional<int> status_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_CHILD_PROCESS_H_
