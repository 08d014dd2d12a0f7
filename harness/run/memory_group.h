// A control group of its own for a run's process, so that the kernel holds it to its host memory limit: everything is
// counted, memory that libraries allocate and the page cache of what it reads too.
//
// Version 1 and 2. One thread; whoever makes the group ends the processes in it before the group goes.
#ifndef STALLPOINT_HARNESS_RUN_MEMORY_GROUP_H_
#define STALLPOINT_HARNESS_RUN_MEMORY_GROUP_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stallpoint {

class MemoryGroup {
 public:
  // Also removes groups that programs left which are gone. FailedPrecondition says why no group can be made here: there
  // are none, or this user may not make any. Swap does not count as room.
  static absl::StatusOr<MemoryGroup> Make(uint64_t limit_bytes);
  // Removes the group. REQUIRES: no process is in it.
  ~MemoryGroup();
  MemoryGroup(MemoryGroup&& other) noexcept;
  MemoryGroup& operator=(MemoryGroup&&) = delete;

  absl::Status Add(pid_t process);
  // Processes of the group that the kernel killed for want of memory.
  int64_t kills() const;

  // "a control group (version 1): all memory, and the page cache of what it reads".
  std::string Describe() const;

 private:
  MemoryGroup(std::string folder, int version) : folder_(std::move(folder)), version_(version) {}

  std::string folder_;  // empty: moved from
  int version_;
};

// Where a group can be made: folders of /sys/fs/cgroup (or `mount`) for a process whose /proc/PID/cgroup reads
// `groups`, the best first. Version 2 forbids groups inside one that has processes, so they go beside it.
struct GroupPlace {
  std::string folder;
  int version;
};
std::vector<GroupPlace> GroupPlaces(std::string_view groups, const std::string& mount);

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_RUN_MEMORY_GROUP_H_
