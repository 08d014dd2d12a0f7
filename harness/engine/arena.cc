#include "harness/engine/arena.h"

#include <algorithm>

namespace stallpoint {
namespace {

constexpr size_t kSmallestBlock = 256 << 10;
// Of what a batch has needed so far, one part in so many is added at a time: little is claimed and not used.
constexpr size_t kGrowth = 8;

}  // namespace

Arena::Arena(MemoryPool& pool)
    : pool_(pool), table_{sizeof(sp_arena), 0, this, [](void* self, uint64_t bytes) {
                            return static_cast<Arena*>(self)->Alloc(bytes);
                          }} {}

Arena::~Arena() {
  for (const MemoryPool::Block& block : blocks_) pool_.Release(block);
}

void* Arena::Alloc(uint64_t bytes) {
  if (bytes > UINT64_MAX / 2) return nullptr;
  const size_t wanted =
      std::max<uint64_t>((bytes + MemoryPool::kAlignment - 1) / MemoryPool::kAlignment, 1) * MemoryPool::kAlignment;
  if (blocks_.empty() || blocks_.back().capacity - used_ < wanted) {
    const size_t usual = blocks_.empty() ? std::max(kSmallestBlock, most_used_)
                                         : std::max(kSmallestBlock, (used_before_ + used_) / kGrowth);
    MemoryPool::Block block = pool_.Acquire(std::max(wanted, usual));
    if (block.data == nullptr) block = pool_.Acquire(wanted);
    if (block.data == nullptr) return nullptr;
    blocks_.push_back(block);
    used_before_ += used_;
    used_ = 0;
  }
  void* memory = static_cast<char*>(blocks_.back().data) + used_;
  used_ += wanted;
  return memory;
}

void Arena::Reset() {
  most_used_ = std::max(most_used_, used_before_ + used_);
  if (blocks_.size() > 1) {
    for (const MemoryPool::Block& block : blocks_) pool_.Discard(block);
    blocks_.clear();
  }
  used_ = used_before_ = 0;
}

uint64_t Arena::used() const { return used_before_ + used_; }

}  // namespace stallpoint
