/* The ABI as a plugin in plain C11 uses it: this file must compile with -Wpedantic -Werror. It is also a plugin that
 * works. */
#include <string.h>

#include "stallpoint/abi/entry.h"

static sp_code set_error(sp_error* error, sp_code code, const char* message) {
  error->code = code;
  strncpy(error->message, message, SP_ERROR_MESSAGE_SIZE - 1);
  return code;
}

static sp_code c_open(void* self, const char* data_dir, sp_error* error) {
  (void)self;
  return data_dir == NULL ? set_error(error, SP_NOT_FOUND, "give --data") : SP_OK;
}

static sp_code c_create_workload(const char* id, const sp_host* host, sp_workload* out, sp_error* error) {
  sp_workload table = {0};
  if (strcmp(id, "plain_c") != 0) return set_error(error, SP_NOT_FOUND, id);
  if (!SP_HAS(sp_host, host, get_extension)) return set_error(error, SP_FAILED_PRECONDITION, "host too old");
  table.struct_size = sizeof(table);
  table.open = c_open;
  *out = table;
  return SP_OK;
}

static const sp_series c_series[] = {{sizeof(sp_series), 0, "answer", "1"}};

static sp_code c_start(void* self, sp_error* error) {
  (void)self;
  (void)error;
  return SP_OK;
}

static void c_nothing(void* self) { (void)self; }

static sp_code c_poll(void* self, int64_t now_ns, sp_error* error) {
  const sp_host* host = self;
  (void)now_ns;
  (void)error;
  host->counter(host->self, host->intern(host->self, "answer"), 42);
  return SP_OK;
}

static sp_code c_create_probe(const char* id, const sp_host* host, sp_probe* out, sp_error* error) {
  sp_probe table = {0};
  if (strcmp(id, "plain_c") != 0) return set_error(error, SP_NOT_FOUND, id);
  table.struct_size = sizeof(table);
  table.self = (void*)host;
  table.series_count = 1;
  table.series_stride = sizeof(sp_series);
  table.series = c_series;
  table.start = c_start;
  table.stop = c_nothing;
  table.poll = c_poll;
  table.destroy = c_nothing;
  *out = table;
  return SP_OK;
}

static const sp_option options[] = {{sizeof(sp_option), 0, "size", "64", "pixels"}};
static const sp_descriptor only = {sizeof(sp_descriptor), SP_KIND_WORKLOAD, "plain_c", "a workload in C", "1.0", 1,
                                   sizeof(sp_option),     options};

static const sp_descriptor* c_descriptor(int32_t i) { return i == 0 ? &only : NULL; }

const sp_entry* plain_c_entry(void);
const sp_entry* plain_c_entry(void) {
  static const sp_entry entry = {sizeof(sp_entry), SP_ABI_MAJOR,      SP_ABI_MINOR,  1, "",
                                 c_descriptor,     c_create_workload, c_create_probe};
  return &entry;
}
