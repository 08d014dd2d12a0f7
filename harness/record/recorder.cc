#include "harness/record/recorder.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "harness/record/chunk_stream.h"
#include "harness/record/definitions.h"
#include "harness/record/flush_thread.h"
#include "harness/record/fork_guard.h"
#include "harness/record/host_identity.h"
#include "harness/record/nvtx.h"
#include "harness/record/pending_events.h"
#include "harness/record/process_counters.h"
#include "harness/record/track_registry.h"
#include "traces/schema_version.h"

namespace stallpoint {
namespace {

constexpr int64_t kShortestIntervalNs = 1'000'000, kLongestIntervalNs = 250'000'000;
// A ring that was fuller than this at a flush is drained sooner the next time.
constexpr double kBusyFill = 0.25;
constexpr int64_t kBusyFactor = 8;

// The fork count of the process in which a recorder is active, -1 when there is none: a forked child has none.
std::atomic<int64_t> active_in{-1};

// The calling thread's log, given up when the thread ends.
struct Attachment {
  std::shared_ptr<ThreadLog> log;

  void Replace(std::shared_ptr<ThreadLog> next) {
    ThreadLog::SetCurrent(next.get());
    if (log) log->MarkFinished();
    log = std::move(next);
  }
  ~Attachment() { Replace(nullptr); }
};
thread_local Attachment attachment;

void FillIdentity(trace::SegmentStart* identity) {
  if (identity->schema_major() == 0) {
    identity->set_schema_major(kSchemaMajor);
    identity->set_schema_minor(kSchemaMinor);
  }
  if (identity->stallpoint_version().empty()) identity->set_stallpoint_version(STALLPOINT_VERSION);
  if (identity->run_id() == 0) identity->set_run_id(RandomId());
  if (identity->writer_id() == 0) identity->set_writer_id(RandomId());
  if (identity->role() == trace::RUN_ROLE_UNSPECIFIED) identity->set_role(trace::RUN_ROLE_MAIN);
  // What the caller stated stays.
  trace::Host host = DescribeHost();
  host.MergeFrom(identity->host());
  *identity->mutable_host() = std::move(host);
  trace::Process process = DescribeProcess();
  process.MergeFrom(identity->process());
  *identity->mutable_process() = std::move(process);
}

class LiveRecorder : public Recorder {
 public:
  LiveRecorder(Options options, std::unique_ptr<TraceWriter> writer);
  ~LiveRecorder() override;

  uint32_t Intern(std::string_view name) override { return Forked() ? 0 : definitions_.Intern(name); }
  uint32_t Stage(std::string_view name, trace::StageKind kind) override {
    return Forked() ? 0 : definitions_.Stage(name, kind);
  }
  uint32_t Device(const trace::DeviceDefinition& device) override { return Forked() ? 0 : definitions_.Device(device); }
  uint32_t Series(std::string_view name, std::string_view unit) override {
    return Forked() ? 0 : definitions_.Series(name, unit);
  }

  ThreadLog* AttachThread(trace::TrackDefinition track) override;
  void DetachThread() override { attachment.Replace(nullptr); }
  ThreadLog* AddStream(trace::TrackDefinition track) override;
  uint32_t AddTrack(trace::TrackDefinition track) override {
    return Forked() ? 0 : registry_.AddWithoutRing(std::move(track))->definition.id();
  }

  void Batch(const trace::BatchBlock& one) override {
    if (!Forked()) pending_.AddBatches(one);
  }
  void Iteration(uint64_t iteration, double loss, bool has_loss, bool optimizer_stepped) override {
    if (!Forked()) pending_.AddIteration(iteration, loss, has_loss, optimizer_stepped);
  }
  void EnterPhase(trace::Phase phase) override {
    if (!Forked()) pending_.AddPhase(phase);
  }
  void Log(int severity, std::string_view text) override {
    if (!Forked()) pending_.AddLog(severity, text);
  }
  void Counter(uint32_t series, double value) override { CounterAt(series, Ticks(), value); }
  void CounterAt(uint32_t series, uint64_t ticks, double value) override {
    if (!Forked()) pending_.AddCounter(series, ticks, value);
  }
  void Allocation(uint32_t allocator, uint64_t address, int64_t bytes, uint64_t held_bytes) override {
    if (!Forked()) pending_.AddAllocation(allocator, address, bytes, held_bytes);
  }
  void AddLinkedSpans(absl::Span<const LinkedSpan> spans) override {
    if (!Forked()) pending_.AddLinkedSpans(spans);
  }
  void CountLost(uint64_t dropped, uint64_t set_aside) override {
    if (!Forked()) pending_.CountLost(dropped, set_aside);
  }
  void UpdateRun(const std::function<void(trace::Run&)>& change) override {
    if (!Forked()) stream_->UpdateRun(change);
  }

  void Flush() override {
    if (!Forked()) flusher_->FlushNow();
  }
  absl::Status Finish(trace::Outcome outcome, std::string_view message) override;

  trace::Accounting accounting() const override { return Forked() ? trace::Accounting() : stream_->accounting(); }
  std::vector<TrackProgress> Progress() const override;

 private:
  bool Forked() const { return ForkCount() != fork_count_; }
  int64_t FlushOnce(bool last);
  void SampleProcess();

  const int64_t fork_count_ = ForkCount();
  const Options options_;
  Definitions definitions_;
  PendingQueue pending_;
  const std::shared_ptr<WakeUp> wake_ = std::make_shared<WakeUp>();
  TrackRegistry registry_;
  ProcessCounters process_counters_;
  uint32_t resident_series_ = 0, held_series_ = 0, held_peak_series_ = 0;
  uint32_t major_faults_series_ = 0, minor_faults_series_ = 0, open_files_series_ = 0;
  uint32_t process_cpu_series_ = 0, machine_cpu_series_ = 0;
  std::unique_ptr<ChunkStream> stream_;

  std::mutex finish_mutex_;
  bool finished_ = false;
  trace::Outcome outcome_ = trace::OUTCOME_UNSPECIFIED;
  std::string message_;
  std::unique_ptr<FlushThread> flusher_;
};

LiveRecorder::LiveRecorder(Options options, std::unique_ptr<TraceWriter> writer)
    : options_(std::move(options)), registry_(options_.ring_bytes, wake_) {
  if (options_.process_counters) {
    resident_series_ = definitions_.Series("host_memory_rss", "bytes");
    held_series_ = definitions_.Series("host_memory_held", "bytes");
    held_peak_series_ = definitions_.Series("host_memory_held_peak", "bytes");
    major_faults_series_ = definitions_.Series("page_faults_major", "1");
    minor_faults_series_ = definitions_.Series("page_faults_minor", "1");
    open_files_series_ = definitions_.Series("open_files", "1");
    process_cpu_series_ = definitions_.Series("cpu_time_process", "ns");
    machine_cpu_series_ = definitions_.Series("cpu_time_machine", "ns");
  }
  stream_ = std::make_unique<ChunkStream>(std::move(writer), options_.identity, &definitions_);
  pending_.AddPhase(trace::PHASE_STARTUP);
  flusher_ = std::make_unique<FlushThread>(wake_, [this](bool last) { return FlushOnce(last); });
  flusher_->Start();
}

LiveRecorder::~LiveRecorder() {
  if (Forked()) {
    // The thread does not exist here and its locks may be held for ever.
    (void)flusher_.release();
    (void)stream_.release();
    return;
  }
  (void)Finish(trace::OUTCOME_CANCELLED, "the recording was abandoned");
}

ThreadLog* LiveRecorder::AttachThread(trace::TrackDefinition track) {
  if (Forked()) return nullptr;
  if (track.os_thread_id() == 0) track.set_os_thread_id(static_cast<uint32_t>(gettid()));
  if (track.name().empty()) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    track.set_name(name);
  }
  attachment.Replace(registry_.Add(std::move(track))->log);
  return ThreadLog::Current();
}

ThreadLog* LiveRecorder::AddStream(trace::TrackDefinition track) {
  return Forked() ? nullptr : registry_.Add(std::move(track))->log.get();
}

std::vector<TrackProgress> LiveRecorder::Progress() const {
  std::vector<TrackProgress> all;
  if (Forked()) return all;
  for (const std::shared_ptr<RecordedTrack>& track : registry_.tracks()) {
    if (track->log->finished()) continue;
    const uint64_t heartbeats = track->log->heartbeats(), last = track->log->last_heartbeat_ticks();
    // The heartbeat may be younger than the clock read before it.
    const int64_t age_ticks = std::max<int64_t>(0, static_cast<int64_t>(Ticks() - last));
    all.push_back({track->definition, heartbeats, static_cast<int64_t>(age_ticks * (1e9 / TicksPerSecond()))});
  }
  return all;
}

void LiveRecorder::SampleProcess() {
  const ProcessSample sample = process_counters_.Sample();
  const auto record = [this](uint32_t series, std::optional<uint64_t> value) {
    if (value) stream_->AddCounter(series, Ticks(), static_cast<double>(*value));
  };
  record(resident_series_, sample.memory.resident);
  record(held_series_, sample.memory.held);
  record(held_peak_series_, sample.memory.held_peak);
  record(major_faults_series_, sample.page_faults_major);
  record(minor_faults_series_, sample.page_faults_minor);
  record(open_files_series_, sample.open_files);
  record(process_cpu_series_, sample.process_cpu_ns);
  record(machine_cpu_series_, sample.machine_cpu_ns);
}

int64_t LiveRecorder::FlushOnce(bool last) {
  if (options_.on_flush && stream_->started()) options_.on_flush(*this);
  stream_->Begin();
  if (options_.process_counters) SampleProcess();
  // Taken before the tracks are, so that every span's track is among them.
  PendingEvents pending = pending_.Take();
  stream_->Add(pending);
  double fullest = 0;
  std::vector<std::shared_ptr<RecordedTrack>> drained;
  for (const std::shared_ptr<RecordedTrack>& track : registry_.tracks()) {
    const bool finished = track->log->finished();
    fullest = std::max(fullest, stream_->Drain(*track));
    if (finished) drained.push_back(track);
  }
  stream_->AddLinkedSpans(pending.linked_spans);
  registry_.Remove(drained);
  if (last) {
    stream_->EndOfRun(outcome_, message_);
  } else {
    stream_->End();
  }
  return fullest > kBusyFill ? options_.flush_interval_ns / kBusyFactor : options_.flush_interval_ns;
}

absl::Status LiveRecorder::Finish(trace::Outcome outcome, std::string_view message) {
  if (Forked()) return absl::FailedPreconditionError("a forked child cannot finish its parent's recording");
  const std::lock_guard lock(finish_mutex_);
  if (!finished_) {
    finished_ = true;
    outcome_ = outcome;
    message_ = message;
    DetachThread();
    flusher_->Stop();
    nvtx::Disconnect();
    active_in.store(-1);
  }
  return stream_->status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::Start(Options options) {
  InstallForkGuard();
  int64_t active = active_in.load();
  do {
    if (active == ForkCount()) {
      return absl::FailedPreconditionError("a recorder is active in this process; finish it before another is started");
    }
  } while (!active_in.compare_exchange_weak(active, ForkCount()));

  FillIdentity(&options.identity);
  options.flush_interval_ns = std::clamp(options.flush_interval_ns, kShortestIntervalNs, kLongestIntervalNs);
  TraceWriter::Options writer_options;
  writer_options.overwrite = options.overwrite;
  writer_options.append = options.append;
  const auto open = options.open_writer ? options.open_writer : TraceWriter::Open;
  absl::StatusOr<std::unique_ptr<TraceWriter>> writer =
      open(options.path, options.identity.writer_id(), writer_options);
  if (!writer.ok()) {
    active_in.store(-1);
    return writer.status();
  }
  attachment.Replace(nullptr);  // of an earlier recorder
  if (options.nvtx) nvtx::Connect();
  return std::make_unique<LiveRecorder>(std::move(options), *std::move(writer));
}

}  // namespace stallpoint
