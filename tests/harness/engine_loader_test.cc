#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "catch.h"
#include "tests/harness/engine_support.h"

namespace stallpoint {
namespace {

// Indices of all samples in the order of delivery.
std::vector<int64_t> LoadAll(IndexData& data, const Knobs& knobs, RunLength length) {
  LoaderBench bench(data, knobs, length);
  std::vector<int64_t> all;
  while (Batch* batch = bench.Next()) {
    REQUIRE(batch->status.ok());
    const std::vector<int64_t> indices = IndicesIn(*batch);
    all.insert(all.end(), indices.begin(), indices.end());
    bench.loader->Recycle(batch);
  }
  return all;
}

// Lets workers wait for each other.
class Gate {
 public:
  void Open() {
    {
      std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST_CASE("Samples arrive in the same order for any number of workers and any prefetch depth") {
  IndexData data{.samples = 37};
  const std::vector<int64_t> inline_order = LoadAll(data, {.batch_size = 4, .seed = 5}, {.steps = 40});
  for (int workers : {1, 2, 3, 8}) {
    for (int prefetch : {1, 2, 5}) {
      const Knobs knobs = {.batch_size = 4, .worker_count = workers, .prefetch_depth = prefetch, .seed = 5};
      CHECK(LoadAll(data, knobs, {.steps = 40}) == inline_order);
    }
  }
}

TEST_CASE("W*P batches are requested at the start, and one more for each that is received") {
  IndexData data;
  const Knobs knobs = {.batch_size = 2, .worker_count = 3, .prefetch_depth = 2};
  LoaderBench bench(data, knobs, {.steps = 20});
  CHECK(bench.sampler->drawn == 0);
  for (int64_t received = 1; Batch* batch = bench.Next(); ++received) {
    CHECK(bench.sampler->drawn == std::min<int64_t>(20, 6 + received));
    CHECK(batch->index == received - 1);
    CHECK(batch->worker == batch->index % 3);
    bench.loader->Recycle(batch);
  }
  CHECK(bench.sampler->drawn == 20);
}

TEST_CASE("Epochs smaller than W*P are drained, and the next begins with the first worker") {
  IndexData data{.samples = 5};
  const bool persistent = GENERATE(true, false);
  const Knobs knobs = {.batch_size = 2, .worker_count = 4, .prefetch_depth = 3, .persistent_workers = persistent};
  LoaderBench bench(data, knobs, {.epochs = 3});
  std::vector<int64_t> samples, workers, epochs;
  while (Batch* batch = bench.Next()) {
    samples.push_back(batch->samples);
    workers.push_back(batch->worker);
    epochs.push_back(batch->plan.epoch);
    CHECK(bench.sampler->drawn == 3 * (batch->plan.epoch + 1));
    bench.loader->Recycle(batch);
  }
  CHECK(samples == std::vector<int64_t>{2, 2, 1, 2, 2, 1, 2, 2, 1});
  CHECK(workers == std::vector<int64_t>{0, 1, 2, 0, 1, 2, 0, 1, 2});
  CHECK(epochs == std::vector<int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 2});
}

TEST_CASE("In order, a slow batch holds back those that are finished behind it") {
  IndexData data;
  Gate gate;
  std::atomic<int64_t> loaded{0};
  uint64_t slow = 0;
  data.on_load = [&](uint64_t index, sp_error*) -> sp_code {
    if (index == slow) gate.Pass();
    ++loaded;
    return SP_OK;
  };
  const Knobs knobs = {.batch_size = 1, .worker_count = 2, .prefetch_depth = 1};
  slow = static_cast<uint64_t>(LoadAll(*std::make_unique<IndexData>(), knobs, {.steps = 1}).front());
  LoaderBench bench(data, knobs, {.steps = 4});
  std::thread opener([&] {
    while (loaded.load() < 1) std::this_thread::yield();
    gate.Open();
  });
  Batch* first = bench.Next();
  opener.join();
  CHECK(first->index == 0);
}

TEST_CASE("Out of order, batches are delivered as they are finished and the idle worker gets the next") {
  IndexData data;
  Gate gate;
  uint64_t slow = 0;
  data.on_load = [&](uint64_t index, sp_error*) -> sp_code {
    if (index == slow) gate.Pass();
    return SP_OK;
  };
  const Knobs knobs = {.batch_size = 1, .worker_count = 2, .prefetch_depth = 1, .in_order = false};
  slow = static_cast<uint64_t>(LoadAll(*std::make_unique<IndexData>(), knobs, {.steps = 1}).front());
  LoaderBench bench(data, knobs, {.steps = 6});
  std::set<int64_t> delivered;
  for (int64_t i = 1; i < 6; ++i) {
    Batch* batch = bench.Next();
    CHECK(batch->index == i);
    CHECK(batch->worker == 1);
    delivered.insert(batch->index);
    bench.loader->Recycle(batch);
  }
  gate.Open();
  Batch* last = bench.Next();
  CHECK(last->index == 0);
  CHECK(last->worker == 0);
  bench.loader->Recycle(last);
  CHECK(bench.Next() == nullptr);
}

TEST_CASE("A sample that cannot be decoded ends the run with its name, in its batch's turn") {
  IndexData data{.samples = 12};
  data.on_load = [](uint64_t index, sp_error* error) -> sp_code {
    if (index != 7) return SP_OK;
    snprintf(error->message, sizeof(error->message), "seven.jpg: not a picture");
    return SP_DATA_LOSS;
  };
  const Knobs knobs = {.batch_size = 3, .worker_count = GENERATE(0, 2)};
  LoaderBench bench(data, knobs, {.epochs = 1});
  int64_t good = 0, bad = 0;
  while (Batch* batch = bench.Next()) {
    if (batch->status.ok()) {
      ++good;
    } else {
      ++bad;
      CHECK(batch->status.code() == absl::StatusCode::kDataLoss);
      CHECK(batch->status.message() == "sample 7: seven.jpg: not a picture");
    }
    bench.loader->Recycle(batch);
  }
  CHECK(good == 3);
  CHECK(bad == 1);
}

TEST_CASE("A skipped sample makes its batch shorter by one and is told") {
  IndexData data{.samples = 12};
  data.on_load = [](uint64_t index, sp_error*) -> sp_code { return index == 7 ? SP_DATA_LOSS : SP_OK; };
  LoaderBench bench(data, {.batch_size = 3, .worker_count = 2}, {.epochs = 1}, true);
  int64_t samples = 0;
  while (Batch* batch = bench.Next()) {
    REQUIRE(batch->status.ok());
    samples += batch->samples;
    bench.loader->Recycle(batch);
  }
  CHECK(samples == 11);
  const std::vector<std::string> warnings = bench.host.TakeWarnings();
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("sample 7") && Catch::Contains("shorter by one"));
}

TEST_CASE("A batch of nothing but bad samples is an error, even when bad samples are skipped") {
  IndexData data{.samples = 4};
  data.on_load = [](uint64_t, sp_error*) -> sp_code { return SP_DATA_LOSS; };
  LoaderBench bench(data, {.batch_size = 4}, {.epochs = 1}, true);
  CHECK_THAT(std::string(bench.Next()->status.message()), Catch::Contains("every sample of batch 0 is bad"));
}

TEST_CASE("Waiting for a batch ends when the run is not to go on") {
  IndexData data;
  Gate gate;
  data.on_load = [&](uint64_t, sp_error*) -> sp_code {
    gate.Pass();
    return SP_OK;
  };
  LoaderBench bench(data, {.batch_size = 1, .worker_count = 1}, {.steps = 2});
  const auto there = bench.loader->Wait([] { return false; });
  CHECK(absl::IsCancelled(there.status()));
  gate.Open();
}

TEST_CASE("Batch buffers are used again: no allocation after the first batches") {
  IndexData data{.samples = 100};
  LoaderBench bench(data, {.batch_size = 10, .worker_count = 2}, {.steps = 200});
  for (int i = 0; i < 20; ++i) bench.loader->Recycle(bench.Next());
  const uint64_t allocations = bench.memory.allocations();
  while (Batch* batch = bench.Next()) bench.loader->Recycle(batch);
  // One arena and one batch per worker in progress, W*P finished, one with main.
  CHECK(allocations <= 2 + 2 + 4 + 1);
  CHECK(bench.memory.allocations() <= 2 + 2 + 4 + 1);
}

TEST_CASE("A batch beyond the host limit is out of memory, and says what is in use") {
  IndexData data;
  LoaderBench bench(data, {.batch_size = 64, .host_limit_bytes = 300 << 10}, {.steps = 1});
  CHECK(bench.Next()->status.ok());
  LoaderBench tight(data, {.batch_size = 64, .host_limit_bytes = 256 << 10}, {.steps = 1});
  const absl::Status status = tight.Next()->status;
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(status.message()), Catch::Contains("256KiB") && Catch::Contains("--batch"));
}

TEST_CASE("A stream fills whole batches, each worker from its own shard") {
  IndexData data{.samples = SP_SAMPLE_COUNT_UNKNOWN};
  LoaderBench bench(data, {.batch_size = 4, .worker_count = 2}, {.steps = 6});
  int64_t samples = 0;
  while (Batch* batch = bench.Next()) {
    samples += batch->samples;
    bench.loader->Recycle(batch);
  }
  CHECK(samples == 24);
}

}  // namespace
}  // namespace stallpoint
