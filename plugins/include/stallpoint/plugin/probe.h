// The class to subclass: reads something now and then and emits what it read as counters.
//
// Life: constructor -> series -> { start -> poll... -> stop } -> destructor, all on one thread that is the probe's own.
// What is thrown ends the probe, with its message in the trace and before the user, and not the run. The class also has
//   static Description describe();  // who it is and which options it takes
//   explicit YourProbe(Host host);  // may look for what it reads, and throw when there is none
#ifndef STALLPOINT_PLUGIN_PROBE_H_
#define STALLPOINT_PLUGIN_PROBE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "stallpoint/abi/probe.h"
#include "stallpoint/plugin/description.h"
#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"

namespace stallpoint::plugin {

struct Series {
  std::string name;  // [a-z][a-z0-9_]*; the trace names it PROBE.SERIES
  std::string unit;  // "bytes", "1", "ns", "1/s", ...
};

// Where a poll puts its values.
class Emitter {
 public:
  Emitter(Host host, const std::vector<Series>& series) : host_(host) {
    for (const Series& one : series) ids_.emplace_back(one.name, host.intern(one.name));
  }

  // At most once per series and poll. Throws for a series that was not declared.
  void operator()(const std::string& series, double value) const {
    for (const auto& [name, id] : ids_) {
      if (name == series) return host_.counter(id, value);
    }
    throw Error(SP_INTERNAL, "series " + series + " is emitted but not declared in series()");
  }

 private:
  Host host_;
  std::vector<std::pair<std::string, uint32_t>> ids_;
};

class Probe {
 public:
  Probe() = default;
  virtual ~Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  // What may be emitted; asked once, when the probe was made.
  virtual std::vector<Series> series() const = 0;
  // How long after one poll began the next is due, at the earliest.
  virtual int64_t min_poll_ns() const = 0;

  // May come again after stop().
  virtual void start() {}
  virtual void stop() {}
  // Emits the current values. Reads, never waits: the probe's CPU time is taken from the run that it observes.
  virtual void poll(int64_t now_ns, const Emitter& emit) = 0;
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_PROBE_H_
