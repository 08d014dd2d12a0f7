// The descriptors that a run's child process inherits besides its standard streams.
#ifndef STALLPOINT_HARNESS_RUN_CHILD_DESCRIPTORS_H_
#define STALLPOINT_HARNESS_RUN_CHILD_DESCRIPTORS_H_

namespace stallpoint {

inline constexpr int kChildSocket = 3;  // messages, see run.proto
inline constexpr int kChildStack = 4;   // a file for the stack of a crash
inline constexpr int kFirstOther = 5;

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_CHILD_DESCRIPTORS_H_
