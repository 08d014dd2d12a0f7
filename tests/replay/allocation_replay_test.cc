// Recorded allocations, at other batch sizes. That the rules are those of LibTorch's allocator is for
// torch_allocator_test.cc, that they are those of the harness's for tests/harness/host_allocation_log_test.cc.
#include "replay/fit/allocation_replay.h"

#include <cmath>
#include <memory>
#include <vector>

#include "catch.h"
#include "replay/fit/device_allocators.h"
#include "replay/predict/predictor.h"
#include "tests/replay/run_builder.h"

namespace stallpoint {
namespace {

constexpr int64_t kMiB = 1 << 20;

// Rows as a recorder would have written them, by the allocator itself.
template <typename Allocator>
class Recording {
 public:
  uint32_t Take(int64_t bytes) {
    const auto block = static_cast<uint32_t>(bytes_.size());
    REQUIRE(allocator_.Allocate(block, static_cast<uint64_t>(bytes)));
    bytes_.push_back(bytes);
    Add(block + 1, bytes);
    return block;
  }
  void Drop(uint32_t block) {
    allocator_.Free(block);
    Add(block + 1, -bytes_[block]);
  }
  void Step() { rows_.push_back({steps_++, 0, 0}); }

  const std::vector<AllocationRecord>& rows() const { return rows_; }
  double held() const { return held_; }

 private:
  void Add(uint64_t address, int64_t bytes) {
    held_ = std::max(held_, static_cast<double>(allocator_.held()));
    rows_.push_back({address, bytes, allocator_.held()});
  }

  Allocator allocator_;
  std::vector<int64_t> bytes_;
  std::vector<AllocationRecord> rows_;
  uint64_t steps_ = 0;
  double held_ = 0;
};

// 30 MB of parameters, and layers whose activations grow with the batch.
template <typename Allocator>
RunRecord Trained(int64_t batch_size, const char* allocator, double* held = nullptr, int layers = 6) {
  Recording<Allocator> recording;
  for (int layer = 0; layer < layers; ++layer) recording.Take(5 * kMiB + layer);
  for (int step = 0; step < 4; ++step) {
    recording.Step();
    std::vector<uint32_t> activations;
    for (int layer = 0; layer < layers; ++layer)
      activations.push_back(recording.Take((300 + 70 * layer) * 1000 * batch_size));
    for (const uint32_t block : activations) recording.Drop(block);
  }
  recording.Step();
  RunRecord run;
  run.knobs.batch_size = batch_size;
  run.allocator = allocator;
  run.allocations = recording.rows();
  if (held != nullptr) *held = recording.held();
  return run;
}

std::shared_ptr<const AllocationReplay> ReplayOf(const std::vector<RunRecord>& runs) {
  std::vector<const RunRecord*> pointers;
  for (const RunRecord& run : runs) pointers.push_back(&run);
  return AllocationReplay::Fit(pointers);
}

TEST_CASE("What LibTorch's allocator holds at other batch sizes follows its segments, where a line does not") {
  const auto replay = ReplayOf({Trained<TorchAllocator>(8, "torch"), Trained<TorchAllocator>(16, "torch"),
                                Trained<TorchAllocator>(12, "torch")});
  REQUIRE(replay != nullptr);
  const double at_8 = replay->At(8).held, at_16 = replay->At(16).held;
  double farthest = 0;
  for (const int64_t batch : {1, 2, 4, 6, 10, 24, 32, 64}) {
    INFO("batch " << batch);
    double held = 0;
    Trained<TorchAllocator>(batch, "torch", &held);
    CHECK(replay->At(batch).held == Approx(held).epsilon(1e-3));
    CHECK(replay->LeastAt(batch) <= replay->At(batch).held);
    CHECK(replay->LeastAt(batch) >= replay->At(batch).in_use);
    const double line = at_8 + (at_16 - at_8) * static_cast<double>(batch - 8) / 8;
    farthest = std::max(farthest, std::abs(line / held - 1));
  }
  CHECK(farthest > 0.05);
}

TEST_CASE("There is no replay of one batch size, of other sequences, of unknown rules, or where nothing was recorded") {
  CHECK(ReplayOf({Trained<TorchAllocator>(8, "torch")}) == nullptr);
  CHECK(ReplayOf({Trained<TorchAllocator>(8, "torch"), Trained<TorchAllocator>(8, "torch")}) == nullptr);
  CHECK(ReplayOf({Trained<TorchAllocator>(8, "torch"), Trained<TorchAllocator>(16, "torch", nullptr, 7)}) == nullptr);
  CHECK(ReplayOf({Trained<TorchAllocator>(8, "torch"), Trained<PoolAllocator>(16, "stallpoint")}) == nullptr);
  CHECK(ReplayOf({Trained<PoolAllocator>(8, "torch"), Trained<PoolAllocator>(16, "torch")}) == nullptr);
  CHECK(ReplayOf({RunRecord(), RunRecord()}) == nullptr);
}

TEST_CASE("The size of a block is known through what the allocator adds to it") {
  // Proportional, the same, and a line; each up to 1 MiB larger than what was asked for.
  const double slack = kMiB;
  CHECK(BlockSize(8 * 3e6, 8, 16 * 3e6 + 9e5, 16, slack).At(64) == 64 * 3'000'000);
  CHECK(BlockSize(20e6, 8, 20e6 + 1e6, 16, slack).At(64) == 20'000'000);
  CHECK(BlockSize(10e6 + 8 * 1e6, 8, 10e6 + 16 * 1e6, 16, slack).At(64) == 74'000'000);
  CHECK(BlockSize(512, 8, 512, 16, 512).At(16) == 512);
  CHECK(BlockSize(2e6, 8, 1e6, 16, 0).At(64) == 1);
}

TEST_CASE("Freed blocks of which that was not seen, and frees of blocks that were not, do no harm") {
  RunRecord run;
  run.allocations = {{1, 100, 0}, {9, -50, 0}, {1, 200, 0}, {0, 0, 0}, {2, 300, 0}, {2, -300, 0}, {1, 0, 0}, {3, 7, 0}};
  const auto stream = StreamOf(run);
  REQUIRE(stream);
  CHECK(stream->bytes == std::vector<double>{100, 200, 300});
  CHECK(stream->ops == std::vector<AllocationStream::Op>{{0, false}, {0, true}, {1, false}, {2, false}, {2, true}});
  CHECK(stream->step_begins == std::vector<size_t>{3});
  run.allocations.resize(4);
  CHECK_FALSE(StreamOf(run));
}

TEST_CASE("A run's device memory is predicted by replay, and what is beside the allocator by a line") {
  const auto record = [](int64_t batch_size, RunRecord::Role role) {
    RunRecord run =
        testing::Record(testing::ReadAndDecode(0.2, 0.05),
                        {.knobs = testing::EmulatedKnobs(batch_size, 1, "cuda:0"), .steps = 60, .role = role});
    double held = 0;
    const RunRecord trained = Trained<TorchAllocator>(batch_size, "torch", &held);
    run.allocator = trained.allocator;
    run.allocations = trained.allocations;
    run.device_total_bytes = uint64_t{1} << 30;
    // A context, and batches on their way.
    run.counters["device_memory"] = {{run.end_ns, held + 300e6 + 0.5e6 * static_cast<double>(batch_size)}};
    return run;
  };
  const RunRecord main = record(16, RunRecord::Role::kMain);
  auto predictor = Predictor::Fit(std::vector<RunRecord>{main, record(8, RunRecord::Role::kCalibration)}, {});
  REQUIRE(predictor.ok());
  for (const int64_t batch : {4, 24, 48}) {
    INFO("batch " << batch);
    Knobs knobs = main.knobs;
    knobs.batch_size = batch;
    double held = 0;
    Trained<TorchAllocator>(batch, "torch", &held);
    const double expected = held + 300e6 + 0.5e6 * static_cast<double>(batch);
    const Prediction p = (*predictor)->Predict(knobs);
    CHECK(*p.device_memory_bytes == Approx(expected).epsilon(2e-3));
    CHECK(*p.p_out_of_memory < 0.01);
  }
  // The device's own memory is the limit where none is set.
  Knobs knobs = main.knobs;
  knobs.batch_size = 512;
  CHECK(*(*predictor)->Predict(knobs).p_out_of_memory > 0.99);
}

}  // namespace
}  // namespace stallpoint
