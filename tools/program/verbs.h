// The verbs of the program. Each adds its subcommand and, when chosen, leaves its exit code in `exit_code`.
#ifndef STALLPOINT_TOOLS_PROGRAM_VERBS_H_
#define STALLPOINT_TOOLS_PROGRAM_VERBS_H_

#include "CLI/CLI.hpp"
#include "tools/program/context.h"

namespace stallpoint {

void AddRecord(CLI::App& program, Context& context, int& exit_code);
void AddInfo(CLI::App& program, Context& context, int& exit_code);
void AddDump(CLI::App& program, Context& context, int& exit_code);
void AddSweep(CLI::App& program, Context& context, int& exit_code);
void AddReplay(CLI::App& program, Context& context, int& exit_code);
void AddWhy(CLI::App& program, Context& context, int& exit_code);
void AddExport(CLI::App& program, Context& context, int& exit_code);
void AddDoctor(CLI::App& program, Context& context, int& exit_code);
void AddPlugin(CLI::App& program, Context& context, int& exit_code);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_VERBS_H_
