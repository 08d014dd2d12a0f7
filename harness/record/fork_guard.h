// Knows when this process is a fork of the one that recorded. In such a child the recorder's thread does not exist and
// its locks may be held for ever: everything of the recorder is disabled there, before any other code of the child
// runs.
#ifndef STALLPOINT_HARNESS_RECORD_FORK_GUARD_H_
#define STALLPOINT_HARNESS_RECORD_FORK_GUARD_H_

#include <cstdint>

namespace stallpoint {

// How many forks lie between this process and the one that was started, as far as InstallForkGuard saw them. [any]
int64_t ForkCount();

// Makes ForkCount count and takes the log from a forked child's thread. Idempotent. [any]
void InstallForkGuard();

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RECORD_FORK_GUARD_H_
