/* The extension "stallpoint.device_memory/1" of sp_host: memory of a device that has none of its own, `cpu`.
 *
 * Pooled and held to --device-memory, so that the limit and the peak mean on `cpu` what they mean on a device with
 * memory of its own, and what a step frees is there for the next one. A plugin takes from it what its framework
 * allocates for the model and its steps. Batches are the harness's and not counted. */
#ifndef STALLPOINT_ABI_DEVICE_MEMORY_H_
#define STALLPOINT_ABI_DEVICE_MEMORY_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SP_EXTENSION_DEVICE_MEMORY "stallpoint.device_memory/1"

typedef struct sp_device_memory {
  uint32_t struct_size;
  int32_t reserved;
  void* self; /* the first argument of every function */
  /* [any] Aligned to 64 bytes, not zeroed. Null with SP_RESOURCE_EXHAUSTED in `error`: the limit, or the machine's
   * memory; return that code from the step. */
  void* (*alloc)(void* self, uint64_t bytes, sp_error* error);
  /* [any] */
  void (*free)(void* self, void* memory);
} sp_device_memory;
SP_ASSERT_OFFSET(sp_device_memory, self, 8);
SP_ASSERT_OFFSET(sp_device_memory, alloc, 16);
SP_ASSERT_OFFSET(sp_device_memory, free, 24);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_DEVICE_MEMORY_H_ */
