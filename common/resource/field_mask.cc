#include "common/resource/field_mask.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/field_path.h"
#include "google/protobuf/descriptor.h"

namespace terrace::resource {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

absl::Status InvalidMask(absl::string_view path) {
  return Error(Reason::INVALID_MASK, {{"path", QuoteText(path)}});
}

bool IsPrefix(const FieldPath& prefix, const FieldPath& path) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

// Makes the field of `to` as it is in `from`, unset included. Both are of one type.
void CopyField(const Message& from, const FieldDescriptor* field, Message* to) {
  const Reflection& reflection = *from.GetReflection();
  if (field->is_repeated() ? reflection.FieldSize(from, field) == 0
                           : !reflection.HasField(from, field)) {
    to->GetReflection()->ClearField(to, field);
    return;
  }
  // Reflection copies messages as a whole and swaps single fields.
  std::unique_ptr<Message> copy(to->New());
  copy->CopyFrom(from);
  to->GetReflection()->SwapFields(copy.get(), to, {field});
}

// Makes the field at the end of the path in `to` as it is in `from`. Messages on the way are made
// where `from` has them; where it has none there is nothing but defaults to copy.
void CopyPath(const Message& from, absl::Span<const FieldDescriptor* const> path, Message* to) {
  const FieldDescriptor* field = path.front();
  if (path.size() == 1) {
    CopyField(from, field, to);
    return;
  }
  const Reflection& reflection = *from.GetReflection();
  if (!reflection.HasField(from, field) && !to->GetReflection()->HasField(*to, field)) return;
  CopyPath(reflection.GetMessage(from, field), path.subspan(1),
           to->GetReflection()->MutableMessage(to, field));
}

// Takes over what the request populates.
void CopyPopulated(const Message& from, Message* to) {
  std::vector<const FieldDescriptor*> populated;
  from.GetReflection()->ListFields(from, &populated);
  for (const FieldDescriptor* field : populated) CopyField(from, field, to);
}

}  // namespace

absl::Status ApplyUpdate(const google::protobuf::FieldMask& mask, const Message& update,
                         absl::Span<const absl::string_view> fixed_paths, Message* resource) {
  const Descriptor* type = resource->GetDescriptor();
  TERRACE_CHECK(update.GetDescriptor() == type);
  std::vector<FieldPath> fixed;
  for (absl::string_view text : fixed_paths) {
    fixed.push_back(ResolvePath(text, type, /*through_repeated=*/false));
    TERRACE_CHECK(!fixed.back().empty());
  }
  if (mask.paths_size() > kMaskPathsMax) {
    return Error(Reason::BATCH_TOO_LARGE, {{"count", absl::StrCat(mask.paths_size())},
                                           {"limit", absl::StrCat(kMaskPathsMax)}});
  }
  const bool all = mask.paths_size() == 1 && mask.paths(0) == "*";
  std::vector<FieldPath> paths;
  for (const std::string& text : mask.paths()) {
    if (all) break;
    FieldPath path = ResolvePath(text, type, /*through_repeated=*/false);
    if (path.empty()) return InvalidMask(text);
    for (const FieldPath& fix : fixed) {
      if (IsPrefix(fix, path)) return InvalidMask(text);
    }
    paths.push_back(std::move(path));
  }

  std::unique_ptr<Message> before(resource->New());
  before->CopyFrom(*resource);
  if (all) {
    resource->CopyFrom(update);
  } else if (paths.empty()) {
    CopyPopulated(update, resource);
  }
  for (const FieldPath& path : paths) CopyPath(update, path, resource);
  // Whatever was taken over in passing goes back to what it was.
  for (const FieldPath& fix : fixed) CopyPath(*before, fix, resource);
  return absl::OkStatus();
}

}  // namespace terrace::resource
