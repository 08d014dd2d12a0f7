/* The extension "stallpoint.device_allocations/1" of sp_host: what the allocator of a device with memory of its own
 * does, told to the harness.
 *
 * Recorded are the first steps of a run, from begin() on; a sweep replays them to predict the memory of other batch
 * sizes. Offered while that is wanted: the harness records, and does not see the allocations itself as it does on
 * `cpu`. */
#ifndef STALLPOINT_ABI_DEVICE_ALLOCATIONS_H_
#define STALLPOINT_ABI_DEVICE_ALLOCATIONS_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SP_EXTENSION_DEVICE_ALLOCATIONS "stallpoint.device_allocations/1"

typedef struct sp_device_allocations {
  uint32_t struct_size;
  int32_t reserved;
  void* self; /* the first argument of the function */
  /* [any] `bytes` at `address` were handed out, or, with -bytes, taken back: in the order in which it happened. `bytes`
   * is what was asked for, or the size of the block where that is not known. `held_bytes` is what the allocator then
   * has of the device, in use or not; 0: not known. `name_id` names the allocator: "torch" is LibTorch's caching
   * allocator, whose rules a replay knows. Cheap and without effect once the first steps are over. */
  void (*changed)(void* self, uint32_t name_id, const void* address, int64_t bytes, uint64_t held_bytes);
} sp_device_allocations;
SP_ASSERT_OFFSET(sp_device_allocations, self, 8);
SP_ASSERT_OFFSET(sp_device_allocations, changed, 16);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_DEVICE_ALLOCATIONS_H_ */
