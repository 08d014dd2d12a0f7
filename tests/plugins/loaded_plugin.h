// A plugin file under test, driven through its C tables as the harness drives it.
#ifndef STALLPOINT_TESTS_PLUGINS_LOADED_PLUGIN_H_
#define STALLPOINT_TESTS_PLUGINS_LOADED_PLUGIN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stallpoint/abi/entry.h"
#include "tests/plugins/fake_host.h"

namespace stallpoint::testing {

// Loads the file; fails the test when that does not work. Never unloaded.
const sp_entry* LoadEntry(const std::string& file);

// Whether `part` occurs in `text`.
bool Contains(const std::string& text, const std::string& part);

// What a callback said.
struct Answer {
  sp_code code = SP_OK;
  std::string message;
};

// One batch in memory, with the tensors that the workload asked for.
struct BuiltBatch {
  std::vector<sp_tensor> tensors;
  std::vector<std::vector<char>> memory;
  sp_batch batch = {};
};

class LoadedWorkload {
 public:
  LoadedWorkload(const sp_entry* entry, const std::string& id, FakeHost& host);
  ~LoadedWorkload();
  LoadedWorkload(const LoadedWorkload&) = delete;
  LoadedWorkload& operator=(const LoadedWorkload&) = delete;

  const sp_workload& table() const { return table_; }

  Answer open(const char* data_dir = nullptr);
  Answer begin(sp_knobs knobs);
  void end() { table_.end(table_.self); }

  Answer load(uint64_t index, FakeArena& arena, sp_sample* out, int32_t worker = 0, int64_t pass = 0);
  // Loads these samples, lays them out and collates them.
  Answer build(const std::vector<uint64_t>& indices, BuiltBatch* out);
  Answer step(BuiltBatch& batch, sp_step_result* out);
  // Both; fails the test when either fails. Returns the loss.
  double train(const std::vector<uint64_t>& indices);

 private:
  sp_workload table_ = {};
};

// Of a run with these, on the cpu.
sp_knobs Knobs(int32_t worker_count = 1, uint64_t seed = 0, int32_t accumulation = 1);

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_PLUGINS_LOADED_PLUGIN_H_
