// The model of LibTorch's caching allocator beside that allocator itself.
#include "tests/plugins/torch_allocator.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "catch.h"
#include "replay/fit/allocation_replay.h"
#include "replay/fit/device_allocators.h"

namespace stallpoint {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Blocks of all sizes from a byte to 64 MiB, in use for short and for long.
void CompareOnRandomCalls(uint32_t seed, uint64_t limit_bytes, int64_t most_in_use) {
  testing::RealTorchAllocator real(limit_bytes);
  TorchAllocator model(limit_bytes > 0 ? limit_bytes : kNoLimit);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> part(0, 1);
  std::vector<uint32_t> in_use;
  int refused = 0;
  for (uint32_t call = 0; call < 3000; ++call) {
    const bool takes = in_use.empty() || (part(random) < 0.55 && static_cast<int64_t>(real.in_use()) < most_in_use);
    if (takes) {
      const auto bytes = static_cast<uint64_t>(std::exp2(26 * part(random)));
      const bool taken = real.Allocate(call, bytes);
      const bool predicted = model.Allocate(call, bytes);
      if (taken != predicted) FAIL("call " << call << ": " << bytes << " bytes are there: " << taken);
      if (taken) in_use.push_back(call);
      refused += !taken;
    } else {
      const size_t place = static_cast<size_t>(part(random) * part(random) * static_cast<double>(in_use.size()));
      std::swap(in_use[place], in_use.back());
      real.Free(in_use.back());
      model.Free(in_use.back());
      in_use.pop_back();
    }
    if (model.in_use() != real.in_use() || model.held() != real.held()) {
      FAIL("call " << call << ": in use " << model.in_use() << " for " << real.in_use() << ", held " << model.held()
                   << " for " << real.held());
    }
  }
  CHECK((refused > 0) == (limit_bytes > 0));
}

TEST_CASE("The model holds and hands out what LibTorch's allocator does, call for call") {
  for (uint32_t seed = 0; seed < 5; ++seed) CompareOnRandomCalls(seed, 0, 2000 * kMiB);
}

TEST_CASE("Under a limit it gives back and refuses what LibTorch's allocator does") {
  for (uint32_t seed = 0; seed < 5; ++seed) CompareOnRandomCalls(seed, 512 * kMiB, 2000 * kMiB);
}

TEST_CASE("From what LibTorch tells of two batch sizes follows what it holds at others") {
  const auto train = [](int64_t batch_size) {
    RunRecord run;
    run.knobs.batch_size = batch_size;
    uint64_t next = 1;
    const auto take = [&](int64_t bytes) {
      run.allocations.push_back({next, bytes, 0});
      return next++;
    };
    const auto drop = [&](uint64_t address) { run.allocations.push_back({address, -1, 0}); };
    std::mt19937 random(3);
    std::vector<int64_t> widths;
    for (int layer = 0; layer < 30; ++layer) widths.push_back(1000 + static_cast<int64_t>(random() % 60'000));
    for (const int64_t width : widths) take(width * 36);
    for (uint64_t step = 0; step < 4; ++step) {
      run.allocations.push_back({step, 0, 0});
      std::vector<uint64_t> activations, gradients;
      for (const int64_t width : widths) {
        activations.push_back(take(width * 4 * batch_size));
        drop(take(width * batch_size + 8192));
      }
      for (size_t layer = widths.size(); layer-- > 0;) {
        gradients.push_back(take(widths[layer] * 36));
        drop(activations[layer]);
      }
      for (const uint64_t gradient : gradients) drop(gradient);
    }
    run.allocations.push_back({4, 0, 0});
    return testing::OnGpu(run);
  };
  const RunRecord small = train(8), large = train(16);
  const auto replay = AllocationReplay::Fit(std::vector<const RunRecord*>{&small, &large});
  REQUIRE(replay != nullptr);
  for (const int64_t batch : {8, 16}) {
    CHECK(replay->At(batch).held == StreamOf(batch == 8 ? small : large)->most_held);
  }
  for (const int64_t batch : {1, 4, 12, 24, 48, 64}) {
    INFO("batch " << batch);
    CHECK(replay->At(batch).held == Approx(StreamOf(train(batch))->most_held).epsilon(0.02));
  }
}

}  // namespace
}  // namespace stallpoint
