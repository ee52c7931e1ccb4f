#include "common/base/sha256.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace terrace {
namespace {

// FIPS 180-4 examples.
TEST(Sha256Test, KnownDigests) {
  EXPECT_EQ(absl::BytesToHexString(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(absl::BytesToHexString(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(absl::BytesToHexString(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// RFC 4231, cases 1, 2 and 6.
TEST(Sha256Test, KnownHmacs) {
  EXPECT_EQ(absl::BytesToHexString(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      absl::BytesToHexString(HmacSha256(std::string(131, '\xaa'),
                                        "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Sha256Test, PiecesLeaveNoTrace) {
  Sha256Stream stream;
  EXPECT_EQ(stream.Add("a").Add("").Add("bc").Finish(), Sha256("abc"));
  EXPECT_EQ(stream.Finish(), Sha256("")) << "fresh after Finish";
}

TEST(Sha256Test, SizedFieldsCannotBeConfused) {
  Sha256Stream a, b;
  EXPECT_NE(a.AddSized("ab").AddSized("c").Finish(), b.AddSized("a").AddSized("bc").Finish());
  EXPECT_EQ(a.AddSized("x").Finish(), Sha256(std::string("\0\0\0\0\0\0\0\x01x", 9)));
}

}  // namespace
}  // namespace terrace
