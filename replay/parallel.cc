#include "replay/parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace stallpoint {

size_t ParallelFor(size_t count, int threads, const std::function<bool(size_t done)>& keep_going,
                   const std::function<void(size_t)>& work) {
  if (threads <= 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::atomic<size_t> taken = 0, done = 0;
  std::atomic<bool> cancelled = false;
  const auto work_on_next = [&] {
    const size_t next = taken.fetch_add(1, std::memory_order_relaxed);
    if (next >= count) return false;
    work(next);
    done.fetch_add(1, std::memory_order_relaxed);
    return true;
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min(static_cast<size_t>(threads), count); ++i) {
    try {
      helpers.emplace_back([&] {
        while (!cancelled && work_on_next()) continue;
      });
    } catch (const std::system_error&) {
      break;  // a limit of processes or memory: fewer threads do
    }
  }
  do {
    cancelled = keep_going && !keep_going(done);
  } while (!cancelled && work_on_next());
  for (std::thread& helper : helpers) helper.join();
  return std::min<size_t>(taken, count);
}

}  // namespace stallpoint
