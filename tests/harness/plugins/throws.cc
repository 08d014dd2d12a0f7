// A workload that lets exceptions cross the C boundary, which the wrapper of the SDK would have caught.
#include <stdexcept>
#include <string>

#include "stallpoint/abi/entry.h"

namespace {

const sp_host* the_host = nullptr;

bool ThrowsIn(const char* function) {
  const char* where = the_host->option(the_host->self, "in");
  return where != nullptr && std::string(where) == function;
}

void ThrowIn(const char* function) {
  if (ThrowsIn(function)) throw std::runtime_error(std::string("thrown in ") + function);
}

sp_code Open(void*, const char*, sp_error*) {
  ThrowIn("open");
  return SP_OK;
}
void Close(void*) {}
sp_code Begin(void*, const sp_knobs*, sp_error*) {
  ThrowIn("begin");
  return SP_OK;
}
void End(void*) { ThrowIn("end"); }
int64_t SampleCount(void*) { return 32; }
sp_code LoadSample(void*, int32_t, uint64_t, const sp_arena*, sp_sample* out, sp_error*) {
  ThrowIn("load_sample");
  static const char kByte = 0;
  out->data = &kByte;
  out->bytes = 1;
  return SP_OK;
}
sp_code BatchLayout(void*, int32_t, const sp_sample*, int64_t count, uint64_t, sp_layout* layout, sp_error*) {
  layout->tensor_count = 1;
  layout->tensors[0].dtype = SP_DTYPE_U8;
  layout->tensors[0].dims = 1;
  layout->tensors[0].shape[0] = count;
  return SP_OK;
}
sp_code Collate(void*, int32_t, const sp_sample*, int64_t, uint64_t, const sp_batch*, sp_error*) {
  if (ThrowsIn("collate")) throw std::bad_alloc();
  return SP_OK;
}
sp_code Step(void*, const sp_batch*, sp_step_result*, sp_error*) {
  if (ThrowsIn("step")) throw 42;
  return SP_OK;
}
void Destroy(void*) {}

sp_code CreateWorkload(const char*, const sp_host* host, sp_workload* out, sp_error*) {
  the_host = host;
  out->open = Open;
  out->close = Close;
  out->begin = Begin;
  out->end = End;
  out->sample_count = SampleCount;
  out->load_sample = LoadSample;
  out->batch_layout = BatchLayout;
  out->collate = Collate;
  out->step = Step;
  out->destroy = Destroy;
  return SP_OK;
}

const sp_option kOption = {sizeof(sp_option), 0, "in", "", "the function that throws"};

const sp_descriptor kDescriptor = {sizeof(sp_descriptor), SP_KIND_WORKLOAD, "throws", "", "1", 1,
                                   sizeof(sp_option),     &kOption};

const sp_entry kEntry = {
    sizeof(sp_entry), SP_ABI_MAJOR, SP_ABI_MINOR, 1, "", [](int32_t i) { return i == 0 ? &kDescriptor : nullptr; },
    CreateWorkload,   nullptr};

}  // namespace

extern "C" SP_EXPORT const sp_entry* stallpoint_entry_v1() { return &kEntry; }
