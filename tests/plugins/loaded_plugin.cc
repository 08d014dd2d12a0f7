#include "tests/plugins/loaded_plugin.h"

#include <dlfcn.h>

#include <cstring>

#include "catch.h"

namespace stallpoint::testing {
namespace {

sp_error NoError() {
  sp_error error = {};
  error.struct_size = sizeof(error);
  return error;
}

size_t ElementBytes(int32_t dtype) {
  switch (dtype) {
    case SP_DTYPE_U8:
      return 1;
    case SP_DTYPE_F16:
    case SP_DTYPE_BF16:
      return 2;
    case SP_DTYPE_I64:
      return 8;
    default:
      return 4;
  }
}

}  // namespace

const sp_entry* LoadEntry(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  INFO(file << ": " << (library == nullptr ? dlerror() : "loaded"));
  REQUIRE(library != nullptr);
  auto* function = reinterpret_cast<sp_entry_function>(dlsym(library, SP_ENTRY_SYMBOL));
  REQUIRE(function != nullptr);
  return function();
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

LoadedWorkload::LoadedWorkload(const sp_entry* entry, const std::string& id, FakeHost& host) {
  table_.struct_size = sizeof(table_);
  sp_error error = NoError();
  const sp_code code = entry->create_workload(id.c_str(), host.table(), &table_, &error);
  INFO(error.message);
  REQUIRE(code == SP_OK);
}

LoadedWorkload::~LoadedWorkload() {
  table_.close(table_.self);
  table_.destroy(table_.self);
}

Answer LoadedWorkload::open(const char* data_dir) {
  sp_error error = NoError();
  const sp_code code = table_.open(table_.self, data_dir, &error);
  return {code, error.message};
}

Answer LoadedWorkload::begin(sp_knobs knobs) {
  sp_error error = NoError();
  const sp_code code = table_.begin(table_.self, &knobs, &error);
  return {code, error.message};
}

Answer LoadedWorkload::load(uint64_t index, FakeArena& arena, sp_sample* out, int32_t worker, int64_t pass) {
  *out = {};
  out->struct_size = sizeof(*out);
  out->key = index;
  out->pass = pass;
  sp_error error = NoError();
  const sp_code code = table_.load_sample(table_.self, worker, index, arena.table(), out, &error);
  return {code, error.message};
}

Answer LoadedWorkload::build(const std::vector<uint64_t>& indices, BuiltBatch* out) {
  FakeArena arena;
  std::vector<sp_sample> samples(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    const Answer loaded = load(indices[i], arena, &samples[i]);
    if (loaded.code != SP_OK) return loaded;
  }
  out->tensors.assign(SP_MAX_TENSORS, {});
  sp_layout layout = {sizeof(sp_layout), 0, sizeof(sp_tensor), out->tensors.data()};
  const auto count = static_cast<int64_t>(samples.size());
  sp_error error = NoError();
  sp_code code = table_.batch_layout(table_.self, 0, samples.data(), count, sizeof(sp_sample), &layout, &error);
  if (code != SP_OK) return {code, error.message};

  out->memory.resize(static_cast<size_t>(layout.tensor_count));
  for (int32_t t = 0; t < layout.tensor_count; ++t) {
    sp_tensor& tensor = out->tensors[static_cast<size_t>(t)];
    size_t bytes = ElementBytes(tensor.dtype);
    for (int32_t d = 0; d < tensor.dims; ++d) bytes *= static_cast<size_t>(tensor.shape[d]);
    out->memory[static_cast<size_t>(t)].assign(bytes, '\x7f');
    tensor.data = out->memory[static_cast<size_t>(t)].data();
  }
  out->batch = {sizeof(sp_batch), layout.tensor_count, sizeof(sp_tensor), out->tensors.data(), 0, count, 0};
  code = table_.collate(table_.self, 0, samples.data(), count, sizeof(sp_sample), &out->batch, &error);
  return {code, error.message};
}

Answer LoadedWorkload::step(BuiltBatch& batch, sp_step_result* out) {
  *out = {};
  out->struct_size = sizeof(*out);
  sp_error error = NoError();
  const sp_code code = table_.step(table_.self, &batch.batch, out, &error);
  return {code, error.message};
}

double LoadedWorkload::train(const std::vector<uint64_t>& indices) {
  BuiltBatch batch;
  const Answer built = build(indices, &batch);
  INFO(built.message);
  REQUIRE(built.code == SP_OK);
  sp_step_result result;
  const Answer stepped = step(batch, &result);
  INFO(stepped.message);
  REQUIRE(stepped.code == SP_OK);
  if (result.device_loss == nullptr) {
    REQUIRE(result.has_loss == 1);
    return result.loss;
  }
  REQUIRE(result.device_loss_dtype == SP_DTYPE_F32);
  float loss = 0;
  std::memcpy(&loss, result.device_loss, sizeof(loss));
  return loss;
}

sp_knobs Knobs(int32_t worker_count, uint64_t seed, int32_t accumulation) {
  sp_knobs knobs = {};
  knobs.struct_size = sizeof(knobs);
  knobs.worker_count = worker_count;
  knobs.batch_size = 8;
  knobs.prefetch_depth = 2;
  knobs.intra_op_threads = 1;
  knobs.steps_in_flight = 1;
  knobs.accumulation = accumulation;
  knobs.seed = seed;
  knobs.in_order = 1;
  knobs.device = "cpu";
  return knobs;
}

}  // namespace stallpoint::testing
