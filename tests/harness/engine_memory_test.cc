#include <cstring>

#include "catch.h"
#include "harness/engine/arena.h"
#include "harness/engine/tensor_layout.h"
#include "harness/host/memory_pool.h"

namespace stallpoint {
namespace {

TEST_CASE("A released block is handed out again for the same size and for one a little smaller") {
  MemoryPool pool(0);
  const MemoryPool::Block first = pool.Acquire(100'000);
  REQUIRE(first.data != nullptr);
  CHECK(reinterpret_cast<uintptr_t>(first.data) % 64 == 0);
  pool.Release(first);
  const MemoryPool::Block second = pool.Acquire(90'000);
  CHECK(second.data == first.data);
  CHECK(pool.allocations() == 1);
  pool.Release(second);
}

TEST_CASE("The limit holds for what is handed out; idle blocks give way") {
  MemoryPool pool(1 << 20);
  const MemoryPool::Block half = pool.Acquire(600 << 10);
  CHECK(pool.Acquire(600 << 10).data == nullptr);
  pool.Release(half);
  const MemoryPool::Block more = pool.Acquire(900 << 10);
  CHECK(more.data != nullptr);
  CHECK(pool.bytes() <= pool.limit_bytes());
  pool.Release(more);
  CHECK(pool.Acquire(SIZE_MAX).data == nullptr);
}

TEST_CASE("A pool for sizes that come again exactly gives no block to another size") {
  MemoryPool pool(0, MemoryPool::kTight);
  pool.Release(pool.Acquire(100'000));
  const MemoryPool::Block smaller = pool.Acquire(90'000);
  CHECK(pool.allocations() == 2);
  CHECK(smaller.capacity < 90'000 * 1.02);
  const MemoryPool::Block same = pool.Acquire(100'000);
  CHECK(pool.allocations() == 2);
  pool.Release(smaller);
  pool.Release(same);
}

TEST_CASE("Blocks of sizes that never come again do not pile up") {
  MemoryPool pool(0, MemoryPool::kTight);
  for (size_t bytes = 1 << 20; bytes < 3 << 20; bytes += 64 << 10) pool.Release(pool.Acquire(bytes));
  CHECK(pool.allocations() == 32);
  CHECK(pool.bytes() <= 2 * (3 << 20));
}

TEST_CASE("A discarded block is no longer the pool's") {
  MemoryPool pool(0);
  const MemoryPool::Block block = pool.Acquire(100'000);
  pool.Discard(block);
  pool.Discard({});
  CHECK(pool.bytes() == 0);
}

TEST_CASE("From the second batch on an arena is one block and makes no allocation any more") {
  MemoryPool pool(0);
  Arena arena(pool);
  const auto load = [&arena] {
    for (int sample = 0; sample < 20; ++sample) {
      void* memory = arena.Alloc(100'000);
      REQUIRE(memory != nullptr);
      CHECK(reinterpret_cast<uintptr_t>(memory) % 64 == 0);
      memset(memory, sample, 100'000);
    }
  };
  load();
  arena.Reset();
  load();
  CHECK(arena.used() >= 20 * 100'000);
  CHECK(arena.used() < 1.01 * 20 * 100'000);
  CHECK(pool.bytes() >= arena.used());
  CHECK(pool.bytes() < 1.15 * arena.used());
  const uint64_t settled = pool.allocations();
  for (int batch = 0; batch < 10; ++batch) {
    arena.Reset();
    load();
  }
  CHECK(pool.allocations() == settled);
}

TEST_CASE("An arena beyond the limit gives null") {
  MemoryPool pool(1 << 20);
  Arena arena(pool);
  CHECK(arena.Alloc(100'000) != nullptr);
  CHECK(arena.Alloc(10 << 20) == nullptr);
  CHECK(arena.Alloc(UINT64_MAX) == nullptr);
}

TEST_CASE("A layout that cannot be is refused with what was found and expected") {
  sp_tensor tensors[SP_MAX_TENSORS] = {};
  sp_layout layout = {sizeof(sp_layout), 1, sizeof(sp_tensor), tensors};
  tensors[0].dtype = SP_DTYPE_F32;
  tensors[0].dims = 2;
  tensors[0].shape[0] = 3;
  tensors[0].shape[1] = 5;
  REQUIRE(MeasureLayout(layout).ok());
  CHECK(MeasureLayout(layout)->payload == 60);
  CHECK(MeasureLayout(layout)->block == 64);

  const auto message = [&layout] { return std::string(MeasureLayout(layout).status().message()); };
  tensors[0].shape[1] = -5;
  CHECK_THAT(message(), Catch::Contains("dimension 1") && Catch::Contains("-5"));
  tensors[0].shape[1] = INT64_MAX;
  CHECK_THAT(message(), Catch::Contains("dimension 1"));
  tensors[0].dims = 9;
  CHECK_THAT(message(), Catch::Contains("9 dimensions"));
  tensors[0].dtype = 77;
  CHECK_THAT(message(), Catch::Contains("dtype 77"));
  layout.tensor_count = 0;
  CHECK_THAT(message(), Catch::Contains("0 tensors"));
  layout.tensor_count = 9;
  CHECK_THAT(message(), Catch::Contains("9 tensors"));
}

}  // namespace
}  // namespace stallpoint
