#include "common/base/records.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace terrace {
namespace {

using Result = RecordReader::Result;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The messages that are read from the bytes, and how reading ended.
std::string Read(const std::string& bytes, Result* end) {
  const std::unique_ptr<std::FILE, Close> file(std::tmpfile());
  EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file.get()), bytes.size());
  std::rewind(file.get());
  RecordReader reader(file.get());
  std::string all;
  char kind;
  std::string message;
  while ((*end = reader.Next(&kind, &message)) == Result::kRecord) {
    absl::StrAppend(&all, absl::string_view(&kind, 1), message, ";");
  }
  return all;
}

std::string Record(char kind, const std::string& message) {
  return absl::StrCat(RecordHead(kind, message), message);
}

TEST(Records, AreReadAsTheyWereWritten) {
  Result end;
  EXPECT_EQ(Read(Record('a', "one") + Record('b', "") + Record('a', "three"), &end),
            "aone;b;athree;");
  EXPECT_EQ(end, Result::kEnd);
}

TEST(Records, NothingPassesThatIsCutOffOrChanged) {
  const std::string first = Record('a', "first");
  const std::string whole = first + Record('b', "second");
  Result end;
  for (size_t size = first.size() + 1; size < whole.size(); ++size) {
    EXPECT_EQ(Read(whole.substr(0, size), &end), "afirst;");
    EXPECT_EQ(end, Result::kDamaged) << size;
  }
  for (size_t at = first.size(); at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      EXPECT_EQ(Read(changed, &end), "afirst;") << at;
      EXPECT_EQ(end, Result::kDamaged) << at;
    }
  }
}

}  // namespace
}  // namespace terrace
