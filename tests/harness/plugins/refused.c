/* A library that must be refused before anything in it but the entry is called: whoever calls its functions aborts. */
#include <stdlib.h>

#include "stallpoint/abi/entry.h"

#ifndef REFUSED_ABI_MAJOR
#define REFUSED_ABI_MAJOR SP_ABI_MAJOR
#endif
#ifndef REFUSED_ENTRY_SIZE
#define REFUSED_ENTRY_SIZE sizeof(sp_entry)
#endif
#ifndef REFUSED_SYMBOL
#define REFUSED_SYMBOL stallpoint_entry_v1
#endif
#ifndef REFUSED_ID
#define REFUSED_ID "refused"
#endif
#ifndef REFUSED_FINGERPRINT
#define REFUSED_FINGERPRINT ""
#endif

static const sp_descriptor kDescriptor = {
    .struct_size = sizeof(sp_descriptor), .kind = SP_KIND_WORKLOAD, .id = REFUSED_ID, .summary = "", .version = "1"};

static const sp_descriptor* descriptor(int32_t i) {
  if (REFUSED_ABI_MAJOR != SP_ABI_MAJOR || REFUSED_ENTRY_SIZE != sizeof(sp_entry)) abort();
  return i == 0 ? &kDescriptor : NULL;
}

static sp_code create_workload(const char* id, const sp_host* host, sp_workload* out, sp_error* error) {
  (void)id;
  (void)host;
  (void)out;
  (void)error;
  abort();
}

static const sp_entry kEntry = {
    .struct_size = REFUSED_ENTRY_SIZE,
    .abi_major = REFUSED_ABI_MAJOR,
    .plugin_count = 1,
    .build_fingerprint = REFUSED_FINGERPRINT,
    .descriptor = descriptor,
    .create_workload = create_workload,
};

SP_EXPORT const sp_entry* REFUSED_SYMBOL(void);
SP_EXPORT const sp_entry* REFUSED_SYMBOL(void) { return &kEntry; }
