/* How a plugin is found: one exported symbol, whose name holds the major version of the ABI. */
#ifndef STALLPOINT_ABI_ENTRY_H_
#define STALLPOINT_ABI_ENTRY_H_

#include "stallpoint/abi/base.h"
#include "stallpoint/abi/host.h"
#include "stallpoint/abi/probe.h"
#include "stallpoint/abi/workload.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SP_ENTRY_SYMBOL "stallpoint_entry_v1"

enum { SP_KIND_WORKLOAD = 1, SP_KIND_PROBE = 2 };

/* A `--set` option the plugin understands; an option that no plugin names is refused before the run. */
typedef struct sp_option {
  uint32_t struct_size;
  int32_t reserved;
  const char* key;
  const char* default_value; /* as text */
  const char* help;          /* one line */
} sp_option;
SP_ASSERT_OFFSET(sp_option, help, 24);

/* One workload or probe in the plugin. Everything it points to is static. */
typedef struct sp_descriptor {
  uint32_t struct_size;
  int32_t kind;
  const char* id;      /* [a-z][a-z0-9_]*, unique among those of its kind in the search path */
  const char* summary; /* one line */
  const char* version;
  int64_t option_count;
  uint64_t option_stride;
  const sp_option* options;
} sp_descriptor;
SP_ASSERT_OFFSET(sp_descriptor, id, 8);
SP_ASSERT_OFFSET(sp_descriptor, options, 48);

typedef struct sp_entry {
  uint32_t struct_size;
  int32_t abi_major;
  int32_t abi_minor;
  int32_t plugin_count;
  /* Frameworks and ABIs this binary was built with, "torch=2.15.0;cuda=13.0;cxx11abi=1"; empty: none. Two plugins of
   * one process must agree. */
  const char* build_fingerprint;
  /* [control] Descriptor `i` of plugin_count, or null. */
  const sp_descriptor* (*descriptor)(int32_t i);
  /* [control] Fills `out`, whose struct_size the host has set. SP_NOT_FOUND for an id that is not here. */
  sp_code (*create_workload)(const char* id, const sp_host* host, sp_workload* out, sp_error* error);
  /* [poll] The same, on the probe's own thread. */
  sp_code (*create_probe)(const char* id, const sp_host* host, sp_probe* out, sp_error* error);
} sp_entry;
SP_ASSERT_OFFSET(sp_entry, build_fingerprint, 16);
SP_ASSERT_OFFSET(sp_entry, create_probe, 40);

/* The exported function, named stallpoint_entry_v1: returns the table; never fails. */
typedef const sp_entry* (*sp_entry_function)(void);

#if defined(_WIN32)
#define SP_EXPORT __declspec(dllexport)
#else
#define SP_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_ENTRY_H_ */
