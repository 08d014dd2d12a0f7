// stallpoint dump: every message of a trace as JSON lines.
#include "traces/dump.h"

#include <iostream>
#include <memory>
#include <string>

#include "tools/program/context.h"
#include "tools/program/verbs.h"

namespace stallpoint {

void AddDump(CLI::App& program, Context& context, int& exit_code) {
  CLI::App* verb = program.add_subcommand("dump", "Every message of a trace, as JSON lines");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "A trace")->required();
  AddCommonFlags(*verb, context);
  verb->callback([=, &exit_code] {
    const absl::Status status = DumpTrace(*path, std::cout);
    exit_code = status.ok() ? kExitOk : Fail(status, TraceExitCode(status));
  });
}

}  // namespace stallpoint
