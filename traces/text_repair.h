// Makes the `string` fields of a message valid UTF-8, without which protobuf would refuse to read it back.
#ifndef STALLPOINT_TRACES_TEXT_REPAIR_H_
#define STALLPOINT_TRACES_TEXT_REPAIR_H_

namespace google::protobuf {
class Message;
}

namespace stallpoint {

bool HasInvalidText(const google::protobuf::Message& message);
// Replaces each byte that is no part of valid UTF-8 by U+FFFD; `bytes` fields stay as they are.
void RepairTexts(google::protobuf::Message* message);

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_TEXT_REPAIR_H_
