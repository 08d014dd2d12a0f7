#include "traces/text_repair.h"

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "traces/utf8.h"

namespace stallpoint {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<const FieldDescriptor*> SetFields(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

// The schema has no repeated strings outside of maps, whose entries are messages.
bool IsText(const FieldDescriptor* field) {
  return field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated();
}

}  // namespace

bool HasInvalidText(const Message& message) {
  const auto& reflection = *message.GetReflection();
  for (const FieldDescriptor* field : SetFields(message)) {
    if (IsText(field)) {
      const std::string text = reflection.GetString(message, field);
      if (ValidUtf8(text) != text) return true;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        if (HasInvalidText(reflection.GetMessage(message, field))) return true;
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        if (HasInvalidText(reflection.GetRepeatedMessage(message, field, i))) return true;
      }
    }
  }
  return false;
}

void RepairTexts(Message* message) {
  const auto& reflection = *message->GetReflection();
  for (const FieldDescriptor* field : SetFields(*message)) {
    if (IsText(field)) {
      reflection.SetString(message, field, ValidUtf8(reflection.GetString(*message, field)));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        RepairTexts(reflection.MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
        RepairTexts(reflection.MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace stallpoint
