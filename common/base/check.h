// Macros for statuses and for programmer errors.
#ifndef TERRACE_COMMON_BASE_CHECK_H_
#define TERRACE_COMMON_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Ends the process when a programmer's assumption does not hold; never used on input.
#define TERRACE_CHECK(condition)                                                         \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

#define TERRACE_RETURN_IF_ERROR(expression)            \
  do {                                                 \
    absl::Status terrace_status_ = (expression);       \
    if (!terrace_status_.ok()) return terrace_status_; \
  } while (false)

#define TERRACE_CONCAT_INNER_(a, b) a##b
#define TERRACE_CONCAT_(a, b) TERRACE_CONCAT_INNER_(a, b)
#define TERRACE_ASSIGN_OR_RETURN(target, expression) \
  TERRACE_ASSIGN_OR_RETURN_(TERRACE_CONCAT_(terrace_or_, __LINE__), target, expression)
#define TERRACE_ASSIGN_OR_RETURN_(temporary, target, expression) \
  auto temporary = (expression);                                 \
  if (!temporary.ok()) return temporary.status();                \
  target = *std::move(temporary)

#endif  // TERRACE_COMMON_BASE_CHECK_H_
