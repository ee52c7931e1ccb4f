#include "common/base/seal.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"

namespace terrace {
namespace {

constexpr char kSecret[] = "a secret of the deployment";

TEST(SealTest, OpensWhatItHasSealed) {
  const Seal seal(kSecret, "letters");
  const std::string contents[] = {"", "a", std::string("\0b\xff", 3), RandomBytes(100'000)};
  for (const std::string& content : contents) {
    const std::string sealed = seal.Put(content);
    ASSERT_TRUE(seal.Open(sealed).has_value()) << content.size();
    EXPECT_EQ(*seal.Open(sealed), content);
    // Whoever has the secret, such as another process of the deployment.
    EXPECT_EQ(Seal(kSecret, "letters").Open(sealed), content);
  }
}

TEST(SealTest, EveryByteCounts) {
  const Seal seal(kSecret, "letters");
  const std::string sealed = seal.Put("the content");
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(seal.Open(changed)) << i;
    }
    EXPECT_FALSE(seal.Open(sealed.substr(0, i))) << "cut off at " << i;
    EXPECT_FALSE(seal.Open(sealed.substr(i + 1))) << "begins at " << i + 1;
  }
  EXPECT_FALSE(seal.Open(absl::StrCat(sealed, "x")));
  EXPECT_FALSE(seal.Open(absl::StrCat(sealed, sealed)));
}

TEST(SealTest, GarbageIsNoSeal) {
  const Seal seal(kSecret, "letters");
  for (size_t bytes : {0, 1, 31, 32, 33, 1000}) EXPECT_FALSE(seal.Open(RandomBytes(bytes)));
  EXPECT_FALSE(seal.Open(std::string(32, '\0')));
}

TEST(SealTest, AnotherSecretOrPurposeIsAnotherSeal) {
  const std::string sealed = Seal(kSecret, "letters").Put("the content");
  EXPECT_FALSE(Seal("another secret", "letters").Open(sealed));
  EXPECT_FALSE(Seal(kSecret, "parcels").Open(sealed));
  EXPECT_FALSE(Seal(kSecret, "").Open(sealed));
  EXPECT_FALSE(Seal("", "letters").Open(sealed));
}

}  // namespace
}  // namespace terrace
