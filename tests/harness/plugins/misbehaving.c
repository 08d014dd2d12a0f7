/* A workload in plain C that keeps to the ABI, and breaks one rule of good behaviour when the option `fault` says so.
 *
 * Its batches hold the indices of their samples; its loss is a checksum of all indices so far, in order. */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stallpoint/abi/entry.h"

typedef struct Misbehaving {
  const sp_host* host;
  const char* fault;
  int64_t samples;
  int64_t at; /* the sample or step at which the fault happens */
  uint32_t read_stage;
  uint64_t checksum;
  int64_t steps;
  int64_t calls;
  void* leaked;
} Misbehaving;

static int64_t number(const sp_host* host, const char* key, int64_t otherwise) {
  const char* text = host->option(host->self, key);
  return text == NULL ? otherwise : strtoll(text, NULL, 10);
}

static int is(const Misbehaving* self, const char* fault) { return strcmp(self->fault, fault) == 0; }

static sp_code fail(sp_error* error, sp_code code, const char* message) {
  error->code = code;
  snprintf(error->message, sizeof(error->message), "%s", message);
  return code;
}

static void hang(void) {
  for (;;) pause();
}

static sp_code open_data(void* pointer, const char* data_dir, sp_error* error) {
  Misbehaving* self = pointer;
  (void)data_dir;
  self->samples = number(self->host, "samples", 64);
  self->at = number(self->host, "at", 5);
  self->read_stage = self->host->intern(self->host->self, "read");
  if (is(self, "hang_in_open")) hang();
  if (is(self, "fail_in_open")) return fail(error, SP_NOT_FOUND, "there is no data here");
  return SP_OK;
}

static void close_data(void* pointer) { (void)pointer; }

static sp_code begin(void* pointer, const sp_knobs* knobs, sp_error* error) {
  Misbehaving* self = pointer;
  (void)knobs;
  (void)error;
  if (!is(self, "remembers")) self->checksum = 0;
  self->steps = 0;
  if (is(self, "stdout")) {
    printf("a plugin that talks to standard output\n");
    fflush(stdout);
  }
  return SP_OK;
}

static void end(void* pointer) { (void)pointer; }

static int64_t sample_count(void* pointer) { return ((Misbehaving*)pointer)->samples; }

static sp_code load_sample(void* pointer, int32_t worker, uint64_t index, const sp_arena* arena, sp_sample* out,
                           sp_error* error) {
  Misbehaving* self = pointer;
  (void)worker;
  if ((int64_t)index < 0 || (int64_t)index >= self->samples) {
    if (!is(self, "any_index")) return fail(error, SP_OUT_OF_RANGE, "there is no such sample");
  }
  self->host->stage_begin(self->host->self, self->read_stage);
  const int64_t pause_us = number(self->host, "pause_us", 0);
  if (pause_us > 0) {
    const struct timespec pause_for = {pause_us / 1000000, pause_us % 1000000 * 1000};
    nanosleep(&pause_for, NULL);
  }
  int64_t* value = arena->alloc(arena->self, sizeof(int64_t));
  self->host->stage_end(self->host->self, 0);
  if (value == NULL) {
    if (is(self, "misnames_memory")) return fail(error, SP_INTERNAL, "something went wrong");
    return fail(error, SP_RESOURCE_EXHAUSTED, "no memory for a sample");
  }
  *value = (int64_t)index;
  if (is(self, "counts_calls")) *value += __atomic_fetch_add(&self->calls, 1, __ATOMIC_RELAXED);
  if (is(self, "deaf")) sleep(2);
  if (is(self, "leaks_files") && dup(0) < 0) return fail(error, SP_INTERNAL, "no descriptor is left");
  out->data = value;
  out->bytes = sizeof(int64_t);
  out->elements = 1;
  if ((int64_t)index != self->at) return SP_OK;
  if (is(self, "bad_sample")) return fail(error, SP_DATA_LOSS, "five.jpg: premature end of file");
  if (is(self, "hang_in_load")) hang();
  return SP_OK;
}

static sp_code batch_layout(void* pointer, int32_t worker, const sp_sample* samples, int64_t count, uint64_t stride,
                            sp_layout* layout, sp_error* error) {
  Misbehaving* self = pointer;
  (void)worker;
  (void)samples;
  (void)stride;
  (void)error;
  layout->tensor_count = 1;
  layout->tensors[0].dtype = is(self, "bad_dtype") ? 99 : SP_DTYPE_I64;
  layout->tensors[0].dims = 1;
  layout->tensors[0].shape[0] = count;
  return SP_OK;
}

static sp_code collate(void* pointer, int32_t worker, const sp_sample* samples, int64_t count, uint64_t stride,
                       const sp_batch* batch, sp_error* error) {
  (void)pointer;
  (void)worker;
  (void)error;
  int64_t* out = batch->tensors[0].data;
  for (int64_t i = 0; i < count; ++i) {
    const sp_sample* sample = (const sp_sample*)((const char*)samples + (uint64_t)i * stride);
    out[i] = *(const int64_t*)sample->data;
  }
  return SP_OK;
}

static void misbehave_in_step(Misbehaving* self) {
  if (is(self, "segfault")) raise(SIGSEGV);
  if (is(self, "abort")) abort();
  if (is(self, "exit")) exit(0);
  if (is(self, "hang")) hang();
  if (is(self, "killed")) raise(SIGKILL);
  if (is(self, "leak")) {
    self->leaked = malloc((size_t)512 << 20);
    if (self->leaked != NULL) memset(self->leaked, 1, (size_t)512 << 20);
  }
  if (is(self, "fork_and_hang") && fork() == 0) hang();
}

static sp_code step(void* pointer, const sp_batch* batch, sp_step_result* result, sp_error* error) {
  Misbehaving* self = pointer;
  self->host->device_mark(self->host->self, NULL, SP_MARK_FORWARD);
  const int64_t* indices = batch->tensors[0].data;
  for (int64_t i = 0; i < batch->samples; ++i) {
    self->checksum = (self->checksum * 31 + (uint64_t)indices[i] + 1) % 1000000007;
  }
  const int faulty = ++self->steps == self->at;
  if (faulty) misbehave_in_step(self);
  if (faulty && is(self, "step_fails")) return fail(error, SP_INTERNAL, "the step went wrong");
  if (faulty && is(self, "out_of_memory")) return fail(error, SP_RESOURCE_EXHAUSTED, "no memory for activations");
  result->has_loss = 1;
  result->loss = faulty && is(self, "nan") ? NAN : (double)self->checksum;
  result->optimizer_stepped = 1;
  return SP_OK;
}

static const void* get_extension(void* pointer, const char* id) {
  (void)pointer;
  (void)id;
  return NULL;
}

static void destroy(void* pointer) {
  free(((Misbehaving*)pointer)->leaked);
  free(pointer);
}

static sp_code create_workload(const char* id, const sp_host* host, sp_workload* out, sp_error* error) {
  const char* fault = host->option(host->self, "fault");
  if (fault == NULL) fault = "none";
  if (strcmp(fault, "exit_in_create") == 0) exit(3);
  if (strcmp(id, "misbehaving") != 0 && strcmp(fault, "any_id") != 0) {
    return fail(error, SP_NOT_FOUND, strcmp(fault, "silent") == 0 ? "" : "only 'misbehaving' is here");
  }
  Misbehaving* self = calloc(1, sizeof(*self));
  if (self == NULL) return fail(error, SP_RESOURCE_EXHAUSTED, "no memory");
  self->host = host;
  self->fault = fault;
  const sp_workload table = {
      .struct_size = sizeof(table),
      .self = self,
      .open = open_data,
      .close = close_data,
      .begin = begin,
      .end = end,
      .sample_count = sample_count,
      .load_sample = load_sample,
      .batch_layout = batch_layout,
      .collate = collate,
      .step = step,
      .get_extension = get_extension,
      .destroy = destroy,
  };
  const size_t room = out->struct_size;
  memcpy(out, &table, room < sizeof(table) && strcmp(fault, "overruns") != 0 ? room : sizeof(table));
  if (room < sizeof(table)) out->struct_size = (uint32_t)room;
  return SP_OK;
}

static const sp_option kOptions[] = {
    {sizeof(sp_option), 0, "fault", "none", "what goes wrong"},
    {sizeof(sp_option), 0, "samples", "64", "samples of the data set"},
    {sizeof(sp_option), 0, "at", "5", "the sample or step at which it goes wrong"},
    {sizeof(sp_option), 0, "pause_us", "0", "how long a sample takes"},
    {sizeof(sp_option), 0, "sync_each_step", "0", "wait for the device after each step"},
};

static const sp_descriptor kDescriptor = {
    .struct_size = sizeof(sp_descriptor),
    .kind = SP_KIND_WORKLOAD,
    .id = "misbehaving",
    .summary = "goes wrong as told",
    .version = "1.0",
    .option_count = sizeof(kOptions) / sizeof(kOptions[0]),
    .option_stride = sizeof(sp_option),
    .options = kOptions,
};

static const sp_descriptor* descriptor(int32_t i) { return i == 0 ? &kDescriptor : NULL; }

static const sp_entry kEntry = {
    .struct_size = sizeof(sp_entry),
    .abi_major = SP_ABI_MAJOR,
    .abi_minor = SP_ABI_MINOR,
    .plugin_count = 1,
    .build_fingerprint = "",
    .descriptor = descriptor,
    .create_workload = create_workload,
};

SP_EXPORT const sp_entry* stallpoint_entry_v1(void);
SP_EXPORT const sp_entry* stallpoint_entry_v1(void) { return &kEntry; }
