// stallpoint: records a training run, replays it under other settings, names the stall point.
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fmt/core.h"
#include "harness/host/nearest_name.h"
#include "tools/program/context.h"
#include "tools/program/verbs.h"

namespace stallpoint {
namespace {

void OnInterrupt(int) {
  if (Context::interrupted().exchange(true)) _exit(kExitInterrupted);
}

// The verb or flag nearest to what was not understood; empty when nothing is near.
std::string Nearest(const CLI::App& app, const std::string& unknown) {
  const std::string wanted = unknown.substr(0, unknown.find('='));
  std::vector<std::string> known;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(verb->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  return NearestName(wanted, known);
}

int ReportUsage(const CLI::App& program, const CLI::ParseError& error, char** argv, int argc) {
  const CLI::App* speaker = &program;
  std::string words = program.get_name();
  int depth = 1;
  for (; !speaker->get_subcommands().empty(); ++depth) {
    speaker = speaker->get_subcommands().front();
    words += " " + speaker->get_name();
  }
  fmt::print(stderr, "error: {}\n", error.what());
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool unknown_flag =
        word.rfind("--", 0) == 0 && speaker->get_option_no_throw(word.substr(0, word.find('='))) == nullptr;
    const bool unknown_verb = i == depth && word.rfind('-', 0) != 0 && !speaker->get_subcommands({}).empty();
    if (!unknown_flag && !unknown_verb) continue;
    const std::string nearest = Nearest(*speaker, word);
    if (!nearest.empty()) fmt::print(stderr, "       did you mean {}?\n", nearest);
  }
  fmt::print(stderr, "       {} --help lists what there is\n", words);
  return kExitUsage;
}

int Main(int argc, char** argv) {
  struct sigaction on_interrupt {};
  on_interrupt.sa_handler = OnInterrupt;
  sigaction(SIGINT, &on_interrupt, nullptr);
  sigaction(SIGTERM, &on_interrupt, nullptr);

  CLI::App program("Records a training run, replays it under other settings, names the stall point.", "stallpoint");
  program.set_version_flag("--version", std::string("stallpoint ") + STALLPOINT_VERSION);
  program.require_subcommand(1);
  program.get_formatter()->column_width(36);
  program.footer(
      "Examples:\n"
      "  stallpoint record --plugin synthetic --set read_latency=20ms --device emulated -o run.sptrace\n"
      "  stallpoint why run.sptrace\n"
      "  stallpoint sweep run.sptrace --workers 0:8 --batch 16:64:*2\n"
      "  stallpoint replay run.sptrace --live --workers 4\n"
      "  stallpoint export run.sptrace --to perfetto -o run.perfetto-trace\n\n"
      "Exit codes: 0 ok, 1 a gate failed, 2 usage, 3 bad trace, 4 plugin, 5 workload, 6 loss under --strict, 7 I/O.");

  Context context;
  int exit_code = kExitOk;
  AddRecord(program, context, exit_code);
  AddInfo(program, context, exit_code);
  AddDump(program, context, exit_code);
  AddSweep(program, context, exit_code);
  AddReplay(program, context, exit_code);
  AddWhy(program, context, exit_code);
  AddExport(program, context, exit_code);
  AddPlugin(program, context, exit_code);
  AddDoctor(program, context, exit_code);

  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    return program.exit(asked_for_help);
  } catch (const CLI::ParseError& error) {
    return ReportUsage(program, error, argv, argc);
  }
  return exit_code;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
