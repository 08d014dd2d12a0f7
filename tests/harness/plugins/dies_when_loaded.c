/* A library whose constructor crashes: nothing of it can be asked. */
#include <stdlib.h>

#include "stallpoint/abi/entry.h"

__attribute__((constructor)) static void die(void) { abort(); }

SP_EXPORT const sp_entry* stallpoint_entry_v1(void);
SP_EXPORT const sp_entry* stallpoint_entry_v1(void) { return NULL; }
