// What the harness offers, as C++: a `Host` to hold by value, and scopes that record while they live.
//
// All of it may be called from any thread; recording costs one branch while nothing is recorded. A scope belongs to the
// thread that made it.
#ifndef STALLPOINT_PLUGIN_HOST_H_
#define STALLPOINT_PLUGIN_HOST_H_

#include <cstdint>
#include <string>

#include "stallpoint/abi/host.h"
#include "stallpoint/plugin/error.h"

namespace stallpoint::plugin {

class Host {
 public:
  explicit Host(const sp_host* table) : table_(table) {}

  const sp_host* table() const { return table_; }
  bool enabled() const { return *table_->enabled != 0; }
  int64_t now_ns() const { return table_->now_ns(table_->self); }

  void info(const std::string& line) const { table_->log(table_->self, SP_LOG_INFO, line.c_str()); }
  void warn(const std::string& line) const { table_->log(table_->self, SP_LOG_WARNING, line.c_str()); }

  bool cancelled() const { return table_->cancelled(table_->self) != 0; }
  // Throws SP_CANCELLED when the run is to end: for whatever takes long.
  void check_cancelled() const {
    if (cancelled()) throw Error(SP_CANCELLED, "the run was cancelled");
  }

  // The id of a name for stages, spans and counters. Ask once, in open() or the constructor.
  uint32_t intern(const std::string& name) const { return table_->intern(table_->self, name.c_str()); }
  void counter(uint32_t name_id, double value) const {
    if (enabled()) table_->counter(table_->self, name_id, value);
  }
  // The text of a `--set` option as the user gave it, or null. `Options` reads it typed and with its default.
  const char* option(const std::string& key) const { return table_->option(table_->self, key.c_str()); }

 private:
  const sp_host* table_;  // never null
};

// One stage of the current sample: `Stage read(host, read_id); ...; read.bytes(n);`. Stages of one thread do not nest.
class Stage {
 public:
  Stage(Host host, uint32_t name_id) : table_(host.enabled() ? host.table() : nullptr) {
    if (table_ != nullptr) table_->stage_begin(table_->self, name_id);
  }
  ~Stage() {
    if (table_ != nullptr) table_->stage_end(table_->self, bytes_);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Adds to what the stage has read from storage.
  void bytes(uint64_t count) { bytes_ += count; }

 private:
  const sp_host* table_;
  uint64_t bytes_ = 0;
};

// A plain range for the timeline. Ranges of one thread nest.
class Span {
 public:
  Span(Host host, uint32_t name_id) : table_(host.enabled() ? host.table() : nullptr) {
    if (table_ != nullptr) table_->span_begin(table_->self, name_id);
  }
  ~Span() {
    if (table_ != nullptr) table_->span_end(table_->self);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  const sp_host* table_;
};

// The parts of one step on the device: call each at its beginning; the last ends with the scope.
class StepParts {
 public:
  explicit StepParts(Host host, void* stream = nullptr)
      : table_(host.enabled() ? host.table() : nullptr), stream_(stream) {}
  ~StepParts() { mark(SP_MARK_END); }
  StepParts(const StepParts&) = delete;
  StepParts& operator=(const StepParts&) = delete;

  void forward() { mark(SP_MARK_FORWARD); }
  void backward() { mark(SP_MARK_BACKWARD); }
  void optimizer() { mark(SP_MARK_OPTIMIZER); }

 private:
  void mark(int32_t part) {
    if (table_ != nullptr) table_->device_mark(table_->self, stream_, part);
  }

  const sp_host* table_;
  void* stream_;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_HOST_H_
