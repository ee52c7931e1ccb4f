// An edit of a register (history.h): a text or a list that several clients extend, each under the
// etag that it read. Somebody else may have been quicker.
#ifndef TERRACE_TESTS_ROBUSTNESS_REGISTER_EDIT_H_
#define TERRACE_TESTS_ROBUSTNESS_REGISTER_EDIT_H_

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/robustness/actors.h"
#include "tests/robustness/caller.h"

namespace terrace::robustness {

inline constexpr int kEditMsMost = 30;
// Names have at most 300 bytes.
inline constexpr size_t kNameBytesMost = 250;

// The next edit of what `resource` names, under its etag.
template <class Resource>
Call NextEdit(Caller* caller, const Resource& resource) {
  // Who edits a text thinks about what it says.
  absl::SleepFor(absl::Milliseconds(caller->Below(kEditMsMost)));
  Call call = {.what = resource.name(), .keys = {resource.name()}};
  call.edit = RegisterEdit{resource.name(), resource.etag(), "",
                           absl::StrCat(caller->client(), ".", caller->Next()), false};
  return call;
}

// `text` with the edit's word at its end; started over when it has become too long.
inline std::string Extended(const std::string& text, size_t bytes_most, RegisterEdit* edit) {
  edit->cleared = text.size() >= bytes_most || text == kUnwritten;
  return edit->cleared || text.empty() ? edit->token : absl::StrCat(text, " ", edit->token);
}

template <class Request, class Resource>
void EditRegister(Caller* caller, const Request& request, Resource* made, Call call) {
  const std::string what = call.what;
  caller->Expect(caller->Edit(request, made, std::move(call), [made] { return made->etag(); }),
                 what, {Reason::ETAG_MISMATCH});
}

// Extends the display name of `found`; `changed` is the part of `request` that says so.
template <class Request, class Resource>
void AddToNameOf(Caller* caller, const Resource& found, Request* request, Resource* changed) {
  changed->set_name(found.name());
  changed->set_etag(found.etag());
  Call call = NextEdit(caller, *changed);
  changed->set_display_name(Extended(found.display_name(), kNameBytesMost, &*call.edit));
  request->mutable_update_mask()->add_paths("display_name");
  Resource made;
  EditRegister(caller, *request, &made, std::move(call));
}

}  // namespace terrace::robustness

#endif  // TERRACE_TESTS_ROBUSTNESS_REGISTER_EDIT_H_
