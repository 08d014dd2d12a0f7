#include "traces/chunk_splitter.h"

#include <google/protobuf/reflection.h>

#include <algorithm>
#include <memory>

#include "fmt/core.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Of an element in a chunk: its tag and its length.
constexpr size_t kElementOverheadBytes = 8;

// Rows of a block of columns; 0 for any other message.
int RowCount(const Message& element) {
  int rows = 0;
  for (int i = 0; i < element.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = element.GetDescriptor()->field(i);
    if (!field->is_repeated() || field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) continue;
    rows = std::max(rows, element.GetReflection()->FieldSize(element, field));
  }
  return rows;
}

template <typename T>
void CopyRows(const Message& block, const FieldDescriptor* field, int first, int last, Message* slice) {
  const auto rows = block.GetReflection()->GetRepeatedFieldRef<T>(block, field);
  const auto copies = slice->GetReflection()->GetMutableRepeatedFieldRef<T>(slice, field);
  copies.Clear();
  for (int row = first; row < std::min(last, rows.size()); ++row) copies.Add(rows.Get(row));
}

// A column of deltas goes on from the rows before the slice, so the first one takes their sum.
void CopyDeltas(const Message& block, const FieldDescriptor* field, int first, int last, Message* slice) {
  CopyRows<int64_t>(block, field, first, last, slice);
  const auto deltas = block.GetReflection()->GetRepeatedFieldRef<int64_t>(block, field);
  if (first >= deltas.size()) return;
  uint64_t sum = 0;
  for (int row = 0; row <= first; ++row) sum += static_cast<uint64_t>(deltas.Get(row));
  slice->GetReflection()->GetMutableRepeatedFieldRef<int64_t>(slice, field).Set(0, static_cast<int64_t>(sum));
}

std::unique_ptr<Message> Slice(const Message& block, int first, int last) {
  std::unique_ptr<Message> slice(block.New());
  slice->CopyFrom(block);
  for (int i = 0; i < block.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = block.GetDescriptor()->field(i);
    if (!field->is_repeated()) continue;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        (field->name().ends_with("_delta") ? CopyDeltas : CopyRows<int64_t>)(block, field, first, last, slice.get());
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        CopyRows<uint32_t>(block, field, first, last, slice.get());
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        CopyRows<uint64_t>(block, field, first, last, slice.get());
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        CopyRows<double>(block, field, first, last, slice.get());
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        CopyRows<bool>(block, field, first, last, slice.get());
        break;
      default:
        break;
    }
  }
  return slice;
}

class Splitter {
 public:
  explicit Splitter(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  absl::Status Add(const FieldDescriptor* field, const Message& element) {
    const size_t bytes = element.ByteSizeLong() + kElementOverheadBytes;
    if (bytes > limit_bytes_) return AddHalves(field, element);
    const Reflection& reflection = *trace::Chunk::GetReflection();
    const bool is_taken = !field->is_repeated() && reflection.HasField(pieces_.back(), field);
    if (used_bytes_ + bytes > limit_bytes_ || is_taken) {
      pieces_.emplace_back();
      used_bytes_ = 0;
    }
    trace::Chunk* const piece = &pieces_.back();
    (field->is_repeated() ? reflection.AddMessage(piece, field) : reflection.MutableMessage(piece, field))
        ->CopyFrom(element);
    used_bytes_ += bytes;
    return absl::OkStatus();
  }

  std::vector<trace::Chunk> Take() { return std::move(pieces_); }

 private:
  absl::Status AddHalves(const FieldDescriptor* field, const Message& element) {
    const int rows = RowCount(element);
    if (rows < 2) {
      return absl::InvalidArgumentError(fmt::format("a {} of {} bytes does not fit in a frame of {}: shorten its texts",
                                                    element.GetDescriptor()->name(), element.ByteSizeLong(),
                                                    limit_bytes_));
    }
    absl::Status status = Add(field, *Slice(element, 0, rows / 2));
    status.Update(Add(field, *Slice(element, rows / 2, rows)));
    return status;
  }

  size_t limit_bytes_;
  std::vector<trace::Chunk> pieces_ = std::vector<trace::Chunk>(1);
  size_t used_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<trace::Chunk>> SplitChunk(const trace::Chunk& chunk, size_t limit_bytes) {
  const Reflection& reflection = *trace::Chunk::GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(chunk, &fields);
  Splitter splitter(limit_bytes);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(chunk, field) : 1;
    for (int i = 0; i < count; ++i) {
      const Message& element =
          field->is_repeated() ? reflection.GetRepeatedMessage(chunk, field, i) : reflection.GetMessage(chunk, field);
      if (const absl::Status status = splitter.Add(field, element); !status.ok()) return status;
    }
  }
  return splitter.Take();
}

}  // namespace stallpoint
