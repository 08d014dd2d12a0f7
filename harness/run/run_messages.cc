#include "harness/run/run_messages.h"

#include "harness/run/run_exit.h"

namespace stallpoint {

run::Request ToProto(const RunRequest& request) {
  run::Request message;
  message.set_plugin(request.plugin);
  for (const auto& [key, value] : request.options) {
    run::Option* option = message.add_options();
    option->set_key(key);
    option->set_value(value);
  }
  message.set_data_dir(request.data_dir);
  message.set_cold_data(request.cold_data);
  if (request.device_work_steps) message.set_device_work_steps(*request.device_work_steps);
  *message.mutable_knobs() = ToProto(request.knobs);
  message.set_steps(request.steps);
  message.set_epochs(request.epochs);
  message.set_role(request.role);
  message.set_trace_path(request.trace_path);
  message.set_overwrite(request.overwrite);
  message.set_append(request.append);
  message.set_host_limit_holder(request.host_limit_holder);
  message.set_run_id(request.run_id);
  for (const std::string& probe : request.probes) message.add_probes(probe);
  return message;
}

RunRequest FromProto(const run::Request& message) {
  RunRequest request;
  request.plugin = message.plugin();
  for (const run::Option& option : message.options()) request.options[option.key()] = option.value();
  request.data_dir = message.data_dir();
  request.cold_data = message.cold_data();
  if (message.has_device_work_steps()) request.device_work_steps = message.device_work_steps();
  request.knobs = FromProto(message.knobs());
  request.steps = message.steps();
  request.epochs = message.epochs();
  request.role = message.role();
  request.trace_path = message.trace_path();
  request.overwrite = message.overwrite();
  request.append = message.append();
  request.host_limit_holder = message.host_limit_holder();
  request.run_id = message.run_id();
  request.probes = {message.probes().begin(), message.probes().end()};
  return request;
}

run::Progress ToProto(const RunProgress& progress) {
  run::Progress message;
  message.set_steps_done(progress.steps_done);
  message.set_steps_total(progress.steps_total);
  message.set_samples_per_s(progress.samples_per_s);
  message.set_loss(progress.loss);
  message.set_has_loss(progress.has_loss);
  message.set_doing(progress.doing);
  return message;
}

RunProgress FromProto(const run::Progress& message) {
  return {.steps_done = message.steps_done(),
          .steps_total = message.steps_total(),
          .samples_per_s = message.samples_per_s(),
          .loss = message.loss(),
          .has_loss = message.has_loss(),
          .doing = message.doing()};
}

run::Result ToProto(const absl::StatusOr<RunOutcome>& outcome) {
  run::Result message;
  if (!outcome.ok()) {
    message.set_error(static_cast<int32_t>(outcome.status().code()));
    message.set_message(std::string(outcome.status().message()));
    message.set_exit_code(ExitCodeOf(outcome.status()));
    return message;
  }
  message.set_outcome(outcome->outcome);
  message.set_message(outcome->message);
  message.set_exit_code(outcome->exit_code);
  for (const std::string& warning : outcome->warnings) message.add_warnings(warning);
  return message;
}

absl::StatusOr<RunOutcome> FromProto(const run::Result& message) {
  if (message.error() != 0) {
    return WithExitCode(absl::Status(static_cast<absl::StatusCode>(message.error()), message.message()),
                        message.exit_code());
  }
  return RunOutcome{.outcome = message.outcome(),
                    .message = message.message(),
                    .exit_code = message.exit_code(),
                    .warnings = {message.warnings().begin(), message.warnings().end()}};
}

}  // namespace stallpoint
