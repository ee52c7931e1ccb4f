// Random bytes for ids, salts and tokens, of cryptographic quality.
//
// Each thread keeps a small buffer of OpenSSL's generator, because a salt of 16 bytes is needed for
// every stored value and a call per salt would cost more than the hash it goes into. Bytes are
// wiped from the buffer as they are handed out, and a forked child starts with an empty one, so no
// byte is ever given twice.
//
// Thread-safe. A failing generator ends the process: there is nothing sensible to go on with.
#ifndef TERRACE_COMMON_BASE_RANDOM_H_
#define TERRACE_COMMON_BASE_RANDOM_H_

#include <cstddef>
#include <string>

namespace terrace {

void FillRandom(char* out, size_t size);

std::string RandomBytes(size_t size);

// Twice as many lower-case hex digits as `bytes`.
std::string RandomHex(size_t bytes);

}  // namespace terrace

#endif  // TERRACE_COMMON_BASE_RANDOM_H_
