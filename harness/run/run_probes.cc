#include "harness/run/run_probes.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/host/options.h"
#include "harness/record/recorder.h"
#include "harness/run/run_exit.h"

namespace stallpoint {
namespace {

constexpr std::chrono::seconds kProbeGrace(1);
constexpr char kDataDir[] = "data_dir";

// Moves what begins with `prefix` from `options` to what is returned, without it.
std::map<std::string, std::string> TakeOptions(const std::string& prefix, std::map<std::string, std::string>* options) {
  std::map<std::string, std::string> taken;
  for (auto it = options->lower_bound(prefix); it != options->end() && absl::StartsWith(it->first, prefix);) {
    taken[it->first.substr(prefix.size())] = it->second;
    it = options->erase(it);
  }
  return taken;
}

bool Lists(const sp_descriptor& descriptor, const std::string& key) {
  for (const sp_option* option : OptionsOf(descriptor)) {
    if (key == option->key) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<ProbePlan> PlanProbe(FoundPlugin probe, std::map<std::string, std::string> options,
                                    const std::string& prefix, const std::string& data_dir) {
  const sp_descriptor& descriptor = *probe.descriptor;
  if (absl::Status legal = CheckProbeOptions(options, descriptor, prefix); !legal.ok()) return legal;
  if (!data_dir.empty() && Lists(descriptor, kDataDir)) options.try_emplace(kDataDir, data_dir);
  return ProbePlan{std::move(probe), std::move(options)};
}

absl::StatusOr<std::vector<ProbePlan>> PlanProbes(const std::vector<std::string>& probes, const std::string& data_dir,
                                                  std::map<std::string, std::string>* options) {
  std::vector<ProbePlan> plans;
  for (const std::string& probe : probes) {
    auto found = FindProbe(probe);
    if (!found.ok()) return WithExitCode(found.status(), run_exit::kPlugin);
    const sp_descriptor& descriptor = *found->descriptor;
    for (const ProbePlan& before : plans) {
      if (std::string(before.plugin.descriptor->id) != descriptor.id) continue;
      return absl::InvalidArgumentError(absl::StrCat("--probe ", probe, ": '", descriptor.id, "' is named twice"));
    }
    const std::string prefix = absl::StrCat(descriptor.id, ".");
    auto plan = PlanProbe(*std::move(found), TakeOptions(prefix, options), prefix, data_dir);
    if (!plan.ok()) return plan.status();
    plans.push_back(*std::move(plan));
  }
  return plans;
}

trace::ProbeRun DescribeProbe(const ProbePlan& plan) {
  trace::ProbeRun probe;
  probe.set_id(plan.plugin.descriptor->id);
  probe.set_version(plan.plugin.descriptor->version);
  probe.set_was_file(plan.plugin.was_file);
  for (const auto& [key, value] : plan.options) (*probe.mutable_options())[key] = value;
  return probe;
}

// Into the trace, under the probe's name.
class RunProbes::Outlet : public ProbeOutlet {
 public:
  Outlet(std::string id, HostServices& host) : id_(std::move(id)), host_(host) {}

  void Declare(const std::vector<ProbeSeries>& series) override {
    for (const ProbeSeries& one : series) {
      ids_.push_back(host_.recorder()->Series(absl::StrCat(id_, ".", one.name), one.unit));
    }
  }
  void Counter(size_t series, double value) override {
    if (ids_[series] != 0) host_.recorder()->Counter(ids_[series], value);
  }
  void Log(int32_t severity, std::string_view text) override {
    host_.Log(severity, absl::StrCat("probe ", id_, ": ", std::string(text)));
  }

 private:
  const std::string id_;
  HostServices& host_;
  std::vector<uint32_t> ids_;
};

RunProbes::RunProbes(const std::vector<ProbePlan>& plans, HostServices& host) : host_(host) {
  if (host.recorder() == nullptr) return;
  for (const ProbePlan& plan : plans) {
    outlets_.push_back(std::make_unique<Outlet>(plan.plugin.descriptor->id, host));
    threads_.push_back(std::make_unique<ProbeThread>(plan, *outlets_.back()));
  }
}

RunProbes::~RunProbes() { Stop(); }

void RunProbes::Stop() {
  if (threads_.empty()) return;
  const auto deadline = std::chrono::steady_clock::now() + kProbeGrace;
  for (const auto& thread : threads_) thread->AskToEnd();
  std::vector<ProbeThread::Account> accounts;
  for (const auto& thread : threads_) accounts.push_back(thread->Join(deadline));
  threads_.clear();
  host_.recorder()->UpdateRun([&](trace::Run& run) {
    for (size_t i = 0; i < accounts.size() && i < static_cast<size_t>(run.probes_size()); ++i) {
      trace::ProbeRun& probe = *run.mutable_probes(static_cast<int>(i));
      probe.set_polls(accounts[i].polls);
      probe.set_cpu_ns(accounts[i].cpu_ns);
      probe.set_stopped(accounts[i].stopped);
    }
  });
}

}  // namespace stallpoint
