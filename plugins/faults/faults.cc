#include "plugins/faults/faults.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

#include "plugins/support/keyed_random.h"
#include "plugins/support/spend.h"

namespace stallpoint::bundled {

plugin::OptionList Faults::WithFaults(plugin::OptionList own) {
  const plugin::OptionList faults = {
      {"read_latency", "0", "wait this long more in `read`, per sample"},
      {"read_turn", "0", "wait this long more in `read`, workers one after another: storage at its limit"},
      {"decode_cost", "0", "burn this much more CPU time in `decode`, per sample"},
      {"tail", "0", "lognormal sigma of read_latency, read_turn and decode_cost, their means kept"},
      {"bad_sample", "-1", "this sample cannot be decoded (-1: none)"},
      {"on_bad_sample", "fail", "fail, or skip: leave out what cannot be decoded and count it (done by the engine)"},
      {"hang_after", "-1", "the loader hangs after this many samples (-1: never)"},
      {"leak", "0", "memory lost per sample, every page of it touched"},
      {"sync_each_step", "0",
       "wait for the device after every step, as a loop that prints the loss (done by the engine)"},
  };
  own.insert(own.end(), faults.begin(), faults.end());
  return own;
}

Faults::Faults(plugin::Host host, const plugin::Options& options, uint64_t seed)
    : host_(host),
      seed_(seed),
      read_latency_ns_(options.time_ns("read_latency")),
      read_turn_ns_(options.time_ns("read_turn")),
      decode_cost_ns_(options.time_ns("decode_cost")),
      tail_(options.number("tail", 0, 5)),
      bad_sample_(options.integer("bad_sample", -1)),
      hang_after_(options.integer("hang_after", -1)),
      leak_bytes_(options.size_bytes("leak")) {}

void Faults::during_read(uint64_t index) {
  if (hang_after_ >= 0 && samples_begun_.fetch_add(1) >= hang_after_) HangUntilCancelled();
  if (leak_bytes_ > 0) Leak();
  if (read_latency_ns_ > 0) {
    const double factor = KeyedRandom(seed_, "read_latency", index).lognormal(tail_);
    Sleep(host_, static_cast<int64_t>(static_cast<double>(read_latency_ns_) * factor));
  }
  if (read_turn_ns_ > 0) {
    const double factor = KeyedRandom(seed_, "read_turn", index).lognormal(tail_);
    AwaitTurn(static_cast<int64_t>(static_cast<double>(read_turn_ns_) * factor));
  }
}

// Turns are given out as they are asked for and last as long as they should, however late a thread wakes.
void Faults::AwaitTurn(int64_t length_ns) {
  const int64_t now = ClockNs(CLOCK_MONOTONIC);
  int64_t end = 0;
  {
    const std::lock_guard lock(storage_mutex_);
    end = storage_free_at_ns_ = std::max(storage_free_at_ns_, now) + length_ns;
  }
  Sleep(host_, end - now);
}

void Faults::during_decode(uint64_t index, const std::string& name) const {
  if (bad_sample_ >= 0 && index == static_cast<uint64_t>(bad_sample_)) {
    throw plugin::Error(SP_DATA_LOSS,
                        name + ": cannot be decoded (--set bad_sample=" + std::to_string(bad_sample_) + ")");
  }
  if (decode_cost_ns_ > 0) {
    const double factor = KeyedRandom(seed_, "decode_cost", index).lognormal(tail_);
    BurnCpu(host_, static_cast<int64_t>(static_cast<double>(decode_cost_ns_) * factor));
  }
}

void Faults::Leak() const {
  void* memory = mmap(nullptr, leak_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  const long page = sysconf(_SC_PAGESIZE);
  for (int64_t at = 0; at < leak_bytes_; at += page) static_cast<volatile std::byte*>(memory)[at] = std::byte{1};
}

// On a lock that nobody will release, as a worker that was forked in a bad moment.
void Faults::HangUntilCancelled() const {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (true) {
    never.wait_for(lock, std::chrono::milliseconds(200));
    host_.check_cancelled();
  }
}

}  // namespace stallpoint::bundled
