// stallpoint plugin new: a project for a plugin of one's own.
#ifndef STALLPOINT_TOOLS_PROGRAM_PLUGIN_NEW_H_
#define STALLPOINT_TOOLS_PROGRAM_PLUGIN_NEW_H_

#include "CLI/CLI.hpp"
#include "tools/program/context.h"

namespace stallpoint {

// Adds `new` to the verb `plugin`; when chosen, leaves its exit code in `exit_code`.
void AddPluginNew(CLI::App& plugin_verb, Context& context, int& exit_code);

}  // namespace stallpoint

#endif  // STALLPOINT_TOOLS_PROGRAM_PLUGIN_NEW_H_
