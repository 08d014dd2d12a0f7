// CPU lists ("0-3,8") and confining threads to them.
#ifndef STALLPOINT_HARNESS_ENGINE_CPU_LIST_H_
#define STALLPOINT_HARNESS_ENGINE_CPU_LIST_H_

#include <sched.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stallpoint {

// InvalidArgument names the part that was not understood.
absl::StatusOr<cpu_set_t> ParseCpuList(std::string_view text);

// Confines the calling thread, and threads it starts later, for as long as the object lives.
class ScopedAffinity {
 public:
  ~ScopedAffinity();
  ScopedAffinity(const ScopedAffinity&) = delete;
  ScopedAffinity& operator=(const ScopedAffinity&) = delete;
  ScopedAffinity() = default;

  // Empty: leaves everything as it is. InvalidArgument: the list, or none of its CPUs may be used here.
  absl::Status Confine(std::string_view cpus);

 private:
  bool confined_ = false;
  cpu_set_t before_;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_CPU_LIST_H_
