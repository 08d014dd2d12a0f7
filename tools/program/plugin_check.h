// stallpoint plugin check: whether a plugin keeps the rules of the boundary.
#ifndef STALLPOINT_TOOLS_PROGRAM_PLUGIN_CHECK_H_
#define STALLPOINT_TOOLS_PROGRAM_PLUGIN_CHECK_H_

#include "CLI/CLI.hpp"
#include "tools/program/context.h"

namespace stallpoint {

// Adds the subcommand to `plugin`.
void AddPluginCheck(CLI::App& plugin, Context& context, int& exit_code);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_PLUGIN_CHECK_H_
