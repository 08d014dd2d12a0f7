#include "reference_loader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace stallpoint::reference {
namespace {

struct Act {
  enum class Kind { kUntil, kWait, kRead, kCompute, kMark } kind;
  double amount = 0;
  std::function<bool()> holds;
  std::function<void()> mark;
};

struct Actor {
  std::vector<Act> script;
  size_t at = 0;
  double left = -1;  // of the current wait, read or its slowest thread's computing; negative: not begun
  double threads = 1;
  // With a queue for each core: where each of them computes, and what is left of it.
  std::vector<size_t> core;
  std::vector<double> computing;
};

class Stage {
 public:
  Stage(const std::vector<Batch>& batches, const Setting& setting) : batches_(batches), setting_(setting) {
    const size_t count = batches.size();
    requested_.assign(count, false);
    finished_.assign(count, false);
    issued_.assign(count, false);
    copy_issued_.assign(count, false);
    copied_.assign(count, false);
    played_.copies.resize(count);
    played_.steps.resize(count);
    played_.loads.resize(count);
    played_.collates.resize(count);
    played_.stages.resize(count);
    for (size_t b = 0; b < count; ++b) {
      played_.stages[b].resize(batches[b].samples.size());
      for (size_t s = 0; s < batches[b].samples.size(); ++s) {
        played_.stages[b][s].resize(batches[b].samples[s].size());
      }
    }
    WriteMain();
    WriteWorkers();
    WriteDevice();
    if (!queues()) return;
    const int workers = std::max(1, setting_.workers);
    for (size_t i = 0; i < actors_.size(); ++i) {
      const bool is_main = i == 0, is_device = i + 1 == actors_.size();
      PlaceThreads(actors_[i], is_main ? workers : is_device ? workers + 1 : static_cast<int>(i) - 1);
    }
  }

  Played Run() {
    const double never = std::numeric_limits<double>::infinity();
    for (;;) {
      for (bool moved = true; moved;) {
        moved = false;
        for (Actor& actor : actors_) moved |= Settle(actor);
      }
      if (queues()) CountThreads();
      double runnable = 0, reading = 0;
      for (const Actor& actor : actors_) {
        if (Doing(actor, Act::Kind::kCompute)) runnable += actor.threads;
        if (Doing(actor, Act::Kind::kRead)) ++reading;
      }
      const double read_rate = reading > setting_.storage_streams ? setting_.storage_streams / reading : 1;
      const double lost = 1 + setting_.crowding * std::min(1.0, std::max(0.0, runnable - setting_.cores));
      const double rate = (runnable > setting_.cores ? setting_.cores / runnable : 1) / lost;
      double next = never;
      for (const Actor& actor : actors_) {
        if (Doing(actor, Act::Kind::kWait)) next = std::min(next, actor.left);
        if (Doing(actor, Act::Kind::kRead)) next = std::min(next, actor.left / read_rate);
        if (!Doing(actor, Act::Kind::kCompute)) continue;
        if (!queues()) next = std::min(next, actor.left / rate);
        for (size_t i = 0; i < actor.computing.size(); ++i) {
          if (actor.computing[i] > 0) next = std::min(next, actor.computing[i] / RateOn(actor.core[i]));
        }
      }
      if (next == never) return std::move(played_);
      const double moves = queues() ? UntilOneMoves() : never;
      const bool one_moves = moves < next;
      if (one_moves) next = moves;
      now_ += next;
      for (Actor& actor : actors_) {
        if (Doing(actor, Act::Kind::kWait)) actor.left = std::max(0.0, actor.left - next);
        if (Doing(actor, Act::Kind::kRead)) actor.left = std::max(0.0, actor.left - next * read_rate);
        if (Doing(actor, Act::Kind::kCompute)) {
          actor.left = std::max(0.0, actor.left - next * rate);
          if (queues()) ComputeThreads(actor, next);
        }
        if (actor.left < 1e-6 && actor.left > 0) actor.left = 0;
      }
      if (one_moves) MoveOne();
    }
  }

 private:
  static bool Doing(const Actor& actor, Act::Kind kind) {
    return actor.at < actor.script.size() && actor.script[actor.at].kind == kind && actor.left > 0;
  }

  // --- a queue for each core ---

  bool queues() const { return setting_.migration_delay > 0; }

  void CountThreads() {
    on_core_.assign(static_cast<size_t>(setting_.cores), 0);
    for (const Actor& actor : actors_) {
      if (!Doing(actor, Act::Kind::kCompute)) continue;
      for (size_t i = 0; i < actor.computing.size(); ++i) on_core_[actor.core[i]] += actor.computing[i] > 0;
    }
  }
  double RateOn(size_t core) const {
    const double lost = on_core_[core] > 1 ? 1 + setting_.crowding : 1;
    return 1 / lost / on_core_[core];
  }
  void ComputeThreads(Actor& actor, double time) {
    actor.left = 0;
    for (size_t i = 0; i < actor.computing.size(); ++i) {
      double& computing = actor.computing[i];
      if (computing > 0) computing -= time * RateOn(actor.core[i]);
      if (computing < 1e-6) computing = 0;
      actor.left = std::max(actor.left, computing);
    }
  }
  double UntilOneMoves() {
    const auto idle = std::count(on_core_.begin(), on_core_.end(), 0);
    const auto [fewest, most] = std::minmax_element(on_core_.begin(), on_core_.end());
    if (*most < 2 || *most == *fewest) return std::numeric_limits<double>::infinity();
    const double takers = idle > 0 ? static_cast<double>(idle) : 1.0 / 8;
    return std::exponential_distribution(takers)(luck_) * setting_.migration_delay;
  }
  void MoveOne() {
    const auto from = static_cast<size_t>(std::max_element(on_core_.begin(), on_core_.end()) - on_core_.begin());
    const auto to = static_cast<size_t>(std::min_element(on_core_.begin(), on_core_.end()) - on_core_.begin());
    std::vector<size_t*> there;
    for (Actor& actor : actors_) {
      for (size_t i = 0; i < actor.computing.size(); ++i) {
        if (actor.computing[i] > 0 && actor.core[i] == from) there.push_back(&actor.core[i]);
      }
    }
    if (there.empty()) return;  // those there have just ended
    *there[std::uniform_int_distribution<size_t>(0, there.size() - 1)(luck_)] = to;
  }
  // Workers first, then main and the device.
  void PlaceThreads(Actor& actor, int job) {
    const int jobs = std::max(1, setting_.workers) + 2;
    for (int i = 0; i == 0 || i < actor.threads; ++i) {
      actor.computing.push_back(0);
      actor.core.push_back(static_cast<size_t>(i == 0 ? job : jobs + i - 1) % static_cast<size_t>(setting_.cores));
    }
  }

  // Moves on as far as possible without time passing.
  bool Settle(Actor& actor) {
    bool moved = false;
    while (actor.at < actor.script.size()) {
      Act& act = actor.script[actor.at];
      if (act.kind == Act::Kind::kUntil) {
        if (!act.holds()) return moved;
      } else if (act.kind == Act::Kind::kMark) {
        act.mark();
      } else {
        if (actor.left < 0) {
          actor.left = act.amount;
          for (size_t i = 0; i < actor.core.size() && act.kind == Act::Kind::kCompute; ++i) {
            actor.computing[i] = act.amount * std::min(1.0, actor.threads - static_cast<double>(i));
          }
        }
        if (actor.left > 0) return moved;
        actor.left = -1;
      }
      ++actor.at;
      moved = true;
    }
    return moved;
  }

  static Act Until(std::function<bool()> holds) { return {Act::Kind::kUntil, 0, std::move(holds), {}}; }
  static Act Mark(std::function<void()> mark) { return {Act::Kind::kMark, 0, {}, std::move(mark)}; }
  static Act Wait(double amount) { return {Act::Kind::kWait, amount, {}, {}}; }
  static Act Read(double amount) { return {Act::Kind::kRead, amount, {}, {}}; }
  static Act Compute(double amount) { return {Act::Kind::kCompute, amount, {}, {}}; }
  Act Stamp(double* time) {
    return Mark([this, time] { *time = now_; });
  }

  void Do(const Demand& demand, Phase* phase, Actor& actor) {
    actor.script.push_back(Stamp(&phase->begin));
    actor.script.push_back(Wait(demand.wait - demand.read));
    actor.script.push_back(Read(demand.read));
    actor.script.push_back(Stamp(&phase->waited));
    actor.script.push_back(Compute(demand.cpu));
    actor.script.push_back(Stamp(&phase->end));
  }

  void Load(size_t b, Actor& actor) {
    actor.script.push_back(Stamp(&played_.loads[b].begin));
    for (size_t s = 0; s < batches_[b].samples.size(); ++s) {
      for (size_t p = 0; p < batches_[b].samples[s].size(); ++p) {
        Do(batches_[b].samples[s][p], &played_.stages[b][s][p], actor);
      }
    }
    Do(batches_[b].collate, &played_.collates[b], actor);
    actor.script.push_back(Compute(batches_[b].own_cpu));
    actor.script.push_back(Stamp(&played_.loads[b].end));
  }

  void Request(size_t upto) {
    for (; next_request_ < std::min(upto, EpochEnd()); ++next_request_) requested_[next_request_] = true;
  }
  size_t EpochEnd() const {
    size_t end = epoch_ + 1;
    while (end < batches_.size() && !batches_[end].opens_epoch) ++end;
    return end;
  }

  void WriteMain() {
    Actor main;
    const size_t primed = static_cast<size_t>(setting_.workers) * setting_.prefetch;
    for (size_t i = 0; i < batches_.size(); ++i) {
      StepTimes& step = played_.steps[i];
      main.script.push_back(Stamp(&step.wait_begin));
      if (batches_[i].opens_epoch) {
        main.script.push_back(Mark([this, i, primed] {
          epoch_ = i;
          Request(i + primed);
        }));
      }
      if (setting_.workers == 0) {
        Load(i, main);
      } else {
        main.script.push_back(Until([this, i] { return finished_[i]; }));
      }
      main.script.push_back(Stamp(&step.wait_end));
      main.script.push_back(Compute(batches_[i].receive));
      main.script.push_back(Stamp(&step.got));
      main.script.push_back(Mark([this] { Request(next_request_ + 1); }));
      main.script.push_back(Stamp(&step.copied));
      main.script.push_back(Mark([this, i] { copy_issued_[i] = true; }));
      if (setting_.copies_hold_main) {
        main.script.push_back(Until([this, i] { return copied_[i]; }));
        main.script.push_back(Stamp(&step.copied));
      }
      main.script.push_back(Compute(batches_[i].launch));
      main.script.push_back(Stamp(&step.issued));
      main.script.push_back(Mark([this, i] { issued_[i] = true; }));
      main.script.push_back(Until([this, i] {
        const int64_t awaited = static_cast<int64_t>(i) - setting_.steps_in_flight + 1;
        return awaited < done_;
      }));
      main.script.push_back(Stamp(&step.main_end));
    }
    actors_.push_back(std::move(main));
  }

  void WriteWorkers() {
    for (int w = 0; w < setting_.workers; ++w) {
      Actor worker;
      size_t first = 0;
      for (size_t b = 0; b < batches_.size(); ++b) {
        if (batches_[b].opens_epoch) first = b;
        if (static_cast<int>((b - first) % setting_.workers) != w) continue;
        worker.script.push_back(Until([this, b] { return requested_[b]; }));
        Load(b, worker);
        worker.script.push_back(Mark([this, b] { finished_[b] = true; }));
      }
      actors_.push_back(std::move(worker));
    }
  }

  void WriteDevice() {
    Actor device;
    device.threads = std::max(1.0, setting_.device_threads);
    for (size_t i = 0; i < batches_.size(); ++i) {
      if (batches_[i].device_copy > 0) {
        device.script.push_back(Until([this, i] { return copy_issued_[i]; }));
        device.script.push_back(Stamp(&played_.copies[i].begin));
        device.script.push_back(Wait(batches_[i].device_copy));
        device.script.push_back(Stamp(&played_.copies[i].end));
        device.script.push_back(Mark([this, i] { copied_[i] = true; }));
      }
      device.script.push_back(Until([this, i] { return issued_[i]; }));
      device.script.push_back(Stamp(&played_.steps[i].device_begin));
      device.script.push_back(setting_.device_threads > 0 ? Compute(batches_[i].step) : Wait(batches_[i].step));
      device.script.push_back(Stamp(&played_.steps[i].device_end));
      device.script.push_back(Mark([this, i] { done_ = static_cast<int64_t>(i) + 1; }));
    }
    actors_.push_back(std::move(device));
  }

  const std::vector<Batch>& batches_;
  const Setting& setting_;
  std::mt19937_64 luck_{setting_.luck};
  std::vector<Actor> actors_;
  std::vector<int> on_core_;  // threads that compute
  std::vector<bool> requested_, finished_, issued_, copy_issued_, copied_;
  int64_t done_ = 0;
  size_t next_request_ = 0, epoch_ = 0;
  double now_ = 0;
  Played played_;
};

}  // namespace

Played Play(const std::vector<Batch>& batches, const Setting& setting) { return Stage(batches, setting).Run(); }

}  // namespace stallpoint::reference
