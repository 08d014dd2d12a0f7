#include "plugins/image_classification/image_folder.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "plugins/images/csv.h"
#include "plugins/support/read_text.h"
#include "stallpoint/plugin/error.h"

namespace stallpoint::image_classification {

namespace fs = std::filesystem;
using plugin::Error;

namespace {

std::string Extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

uint64_t Hash(const std::string& name) {  // FNV-1a, the same on every machine
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : name) hash = (hash ^ c) * 0x100000001b3;
  return hash ^ (hash >> 32);
}

}  // namespace

ImageFolder::ImageFolder(const fs::path& folder, int64_t hash_classes) : folder_(folder) {
  std::error_code problem;
  std::vector<fs::path> csvs;
  std::map<std::string, int> others;
  const auto options = fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(folder, options, problem); !problem && at != fs::end(at);
       at.increment(problem)) {
    std::error_code not_there;
    if (!at->is_regular_file(not_there)) continue;
    const std::string extension = Extension(at->path());
    if (extension == ".jpg" || extension == ".jpeg") {
      files_.push_back({at->path(), at->path().lexically_relative(folder).string(), 0});
    } else if (extension == ".csv") {
      csvs.push_back(at->path());
    } else {
      ++others[extension];
    }
  }
  if (problem) {
    throw Error(SP_NOT_FOUND, "cannot read the folder " + folder.string() + ": " + problem.message());
  }
  if (files_.empty()) {
    const auto most = std::max_element(others.begin(), others.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    const std::string found =
        most == others.end() ? "no files" : std::to_string(most->second) + " '" + most->first + "' files and the like";
    throw Error(SP_NOT_FOUND,
                folder.string() + ": found " + found +
                    ", expected JPEG files (.jpg, .jpeg) in it or below; `stallpoint-make-images DIR` writes some");
  }
  std::sort(files_.begin(), files_.end(), [](const ImageFile& a, const ImageFile& b) { return a.name < b.name; });
  std::sort(csvs.begin(), csvs.end());
  if (LabelByFolder() ||
      std::any_of(csvs.begin(), csvs.end(), [this](const fs::path& csv) { return LabelByCsv(csv); })) {
    return;
  }
  LabelByHash(hash_classes);
}

bool ImageFolder::LabelByFolder() {
  std::vector<std::string> folders;
  for (const ImageFile& file : files_) folders.push_back(file.path.parent_path().filename().string());
  if (std::set<std::string>(folders.begin(), folders.end()).size() < 2) return false;
  LabelByText(folders);
  labels_ = Labels::kFolders;
  return true;
}

bool ImageFolder::LabelByCsv(const fs::path& csv) {
  std::map<std::string, std::string> label_of;
  for (const images::CsvRow& row : images::ParseCsv(bundled::ReadText(csv))) {
    if (row.size() > 1) label_of[row[0]] = row[1];
  }
  std::vector<ImageFile> labelled;
  std::vector<std::string> labels;
  for (const ImageFile& file : files_) {
    auto found = label_of.find(file.name);
    if (found == label_of.end()) found = label_of.find(file.path.filename().string());
    if (found == label_of.end()) continue;
    labelled.push_back(file);
    labels.push_back(found->second);
  }
  if (labelled.empty()) return false;
  unlabelled_ = files_.size() - labelled.size();
  files_ = std::move(labelled);
  LabelByText(labels);
  labels_ = Labels::kCsv;
  csv_name_ = csv.lexically_relative(folder_).string();
  return true;
}

void ImageFolder::LabelByText(const std::vector<std::string>& text_of_file) {
  const std::set<std::string> texts(text_of_file.begin(), text_of_file.end());
  for (size_t i = 0; i < files_.size(); ++i) {
    files_[i].label = std::distance(texts.begin(), texts.find(text_of_file[i]));
  }
  class_count_ = static_cast<int64_t>(texts.size());
}

void ImageFolder::LabelByHash(int64_t classes) {
  for (ImageFile& file : files_) {
    file.label = static_cast<int64_t>(Hash(file.path.filename().string()) % static_cast<uint64_t>(classes));
  }
  class_count_ = classes;
  labels_ = Labels::kHash;
}

std::string ImageFolder::summary() const {
  const std::string start =
      std::to_string(files_.size()) + " JPEG files, " + std::to_string(class_count_) + " classes ";
  switch (labels_) {
    case Labels::kFolders:
      return start + "by the folders they lie in";
    case Labels::kCsv:
      return start + "by " + csv_name_ +
             (unlabelled_ == 0 ? "" : "; " + std::to_string(unlabelled_) + " files that it does not name are left out");
    case Labels::kHash:
      break;
  }
  return start + "by a hash of the file name, since there are neither class folders nor a CSV: the loss means nothing";
}

}  // namespace stallpoint::image_classification
