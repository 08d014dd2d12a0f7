// A folder of JPEG files as a data set: searched recursively, ordered by path, so that an index always means the same
// file.
//
// The class of a file comes from the folder that holds it, when there are several; else from a CSV file (`name,label`
// in each line); else it is a hash of the file's name. Immutable once made.
#ifndef STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_IMAGE_FOLDER_H_
#define STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_IMAGE_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace stallpoint::image_classification {

struct ImageFile {
  std::filesystem::path path;
  std::string name;  // below the data set's folder
  int64_t label = 0;
};

class ImageFolder {
 public:
  enum class Labels { kFolders, kCsv, kHash };

  // Throws an Error when the folder is not there, holds no JPEG file, or its CSV names none of them. `hash_classes` is
  // used when nothing else tells the classes.
  ImageFolder(const std::filesystem::path& folder, int64_t hash_classes);

  const std::vector<ImageFile>& files() const { return files_; }
  int64_t class_count() const { return class_count_; }
  Labels labels() const { return labels_; }
  // One line for the user: how many images, and where their classes come from.
  std::string summary() const;

 private:
  bool LabelByFolder();
  bool LabelByCsv(const std::filesystem::path& csv);
  void LabelByHash(int64_t classes);
  // Labels by the sorted place of each file's text.
  void LabelByText(const std::vector<std::string>& text_of_file);

  std::filesystem::path folder_;
  std::vector<ImageFile> files_;
  int64_t class_count_ = 0;
  Labels labels_ = Labels::kHash;
  std::string csv_name_;
  size_t unlabelled_ = 0;  // files that the CSV does not name; left out
};

}  // namespace stallpoint::image_classification

#endif  // STALLPOINT_PLUGINS_IMAGE_CLASSIFICATION_IMAGE_FOLDER_H_
