// The files of the machine below a root folder, so that tests can put others in their place. One thread.
#ifndef STALLPOINT_PLUGINS_PROBES_FILES_H_
#define STALLPOINT_PLUGINS_PROBES_FILES_H_

#include <string>
#include <vector>

namespace stallpoint::probes {

class Files {
 public:
  // `root` without a '/' at its end; empty: the machine's own.
  explicit Files(std::string root = "") : root_(std::move(root)) {}

  std::string path(const std::string& name) const { return root_ + name; }
  // The whole file; empty when it cannot be read. `name` begins with '/'.
  std::string read(const std::string& name) const;
  bool readable(const std::string& name) const { return !read(name).empty(); }
  // What the folder holds besides names that begin with '.'; empty when there is no such folder.
  std::vector<std::string> list(const std::string& name) const;
  // The last name in what a link points to; empty when it is none.
  std::string link_name(const std::string& name) const;

 private:
  const std::string root_;
};

}  // namespace stallpoint::probes

#endif  // STALLPOINT_PLUGINS_PROBES_FILES_H_
