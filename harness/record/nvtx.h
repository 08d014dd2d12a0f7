// NVTX ranges around stages and steps, in the domain "stallpoint", for a profiler that is attached to the process.
//
// The one place that knows NVTX. While no tool is attached a range costs one load and one branch. [any] unless said.
#ifndef STALLPOINT_HARNESS_RECORD_NVTX_H_
#define STALLPOINT_HARNESS_RECORD_NVTX_H_

#include <atomic>
#include <cstdint>
#include <string>

namespace stallpoint::nvtx {

extern std::atomic<void*> domain;  // null while nothing is attached or ranges are off

// Looks for an attached tool; ranges appear from here on.
void Connect();
void Disconnect();

inline bool Attached() { return domain.load(std::memory_order_relaxed) != nullptr; }

// The name that ranges of `name_id` show. Ids above a few thousand show no range.
void Name(uint32_t name_id, const std::string& name);

// A range of the calling thread; ranges nest. Push says whether there is something to pop.
bool PushAttached(uint32_t name_id);
inline bool Push(uint32_t name_id) { return Attached() && PushAttached(name_id); }
void Pop();

}  // namespace stallpoint::nvtx

#endif  // STALLPOINT_HARNESS_RECORD_NVTX_H_
