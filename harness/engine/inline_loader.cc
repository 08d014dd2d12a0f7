#include "harness/engine/batch_store.h"
#include "harness/engine/loader.h"

namespace stallpoint {
namespace {

class InlineLoader : public Loader {
 public:
  InlineLoader(const BatchBuilder::Context& context, Sampler& sampler)
      : sampler_(sampler), store_(context.memory), builder_(context, 0) {}

  absl::StatusOr<bool> Wait(const KeepWaiting&) override {
    Batch* batch = store_.Take();
    while (true) {
      const absl::StatusOr<bool> drawn = sampler_.Next(&batch->plan);
      if (drawn.ok() && *drawn) break;
      if (drawn.ok() && !sampler_.done()) continue;
      store_.GiveBack(batch);
      return drawn;
    }
    batch->index = next_++;
    batch->worker = 0;
    builder_.Build(*batch);
    loaded_ = batch;
    return true;
  }

  int64_t next_index() const override { return loaded_->index; }
  absl::StatusOr<Batch*> Receive() override { return std::exchange(loaded_, nullptr); }
  void Recycle(Batch* batch) override { store_.GiveBack(batch); }
  int64_t ready() const override { return loaded_ != nullptr ? 1 : 0; }
  std::string Describe() const override { return "no workers: main loads each batch itself"; }

 private:
  Sampler& sampler_;
  BatchStore store_;
  BatchBuilder builder_;
  Batch* loaded_ = nullptr;
  int64_t next_ = 0;
};

}  // namespace

std::unique_ptr<Loader> MakeInlineLoader(const BatchBuilder::Context& context, Sampler& sampler) {
  return std::make_unique<InlineLoader>(context, sampler);
}

}  // namespace stallpoint
