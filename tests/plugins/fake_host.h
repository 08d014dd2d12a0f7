// A host for plugins under test: says what it was told, hands out plain memory, and is cancelled on request.
#ifndef STALLPOINT_TESTS_PLUGINS_FAKE_HOST_H_
#define STALLPOINT_TESTS_PLUGINS_FAKE_HOST_H_

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "stallpoint/abi/device_allocations.h"
#include "stallpoint/abi/host.h"
#include "stallpoint/abi/workload.h"

namespace stallpoint::testing {

class FakeHost {
 public:
  struct StageSeen {
    std::string name;
    uint64_t bytes;
    int64_t cpu_ns;
    int64_t wall_ns;
  };

  explicit FakeHost(std::map<std::string, std::string> options = {});

  const sp_host* table() const { return &table_; }
  void enable(bool on) { enabled_ = on ? 1 : 0; }
  void cancel() { cancelled_ = true; }
  // Whether the host offers the extension SP_EXTENSION_DEVICE_ALLOCATIONS.
  void want_allocations(bool on) { wants_allocations_ = on; }

  std::vector<StageSeen> stages() const;
  std::vector<std::string> log() const;
  std::vector<int32_t> marks() const;  // as device_mark had them
  std::vector<std::string> spans() const;
  // Bytes of what was allocated (positive) and freed, in order, each with the allocator's name.
  std::vector<std::pair<std::string, int64_t>> allocations() const;
  // Values of counters since the last call, in order.
  std::vector<std::pair<std::string, double>> take_counters();
  int open_spans() const { return open_spans_; }
  void forget();

 private:
  static FakeHost& Of(void* self) { return *static_cast<FakeHost*>(self); }

  sp_host table_ = {};
  sp_device_allocations allocations_table_ = {};
  std::atomic<bool> wants_allocations_ = false;
  int32_t enabled_ = 1;
  std::atomic<bool> cancelled_ = false;
  std::atomic<int> open_spans_ = 0;
  std::map<std::string, std::string> options_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::string> names_;
  std::vector<StageSeen> stages_;
  std::vector<std::string> log_;
  std::vector<int32_t> marks_;
  std::vector<std::string> spans_;
  std::vector<std::pair<std::string, int64_t>> allocations_;
  std::vector<std::pair<std::string, double>> counters_;
};

// Memory for the samples of one batch.
class FakeArena {
 public:
  explicit FakeArena(uint64_t limit_bytes = UINT64_MAX);
  ~FakeArena();
  FakeArena(const FakeArena&) = delete;
  FakeArena& operator=(const FakeArena&) = delete;
  const sp_arena* table() const { return &table_; }

 private:
  sp_arena table_ = {};
  uint64_t left_;
  std::vector<void*> blocks_;
};

}  // namespace stallpoint::testing

#endif  // STALLPOINT_TESTS_PLUGINS_FAKE_HOST_H_
