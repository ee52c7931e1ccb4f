// Small numbers for the few codes of levels and kinds that a tree uses. Private to this folder.
#ifndef TERRACE_COMMON_TREE_CODEBOOK_H_
#define TERRACE_COMMON_TREE_CODEBOOK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "common/tree/tree.h"

namespace terrace::tree {

// Belongs to a builder. The list of codes is handed to versions and copied when it grows.
class TreeBuilder::Codebook {
 public:
  // Whether Number may be called for the code.
  bool Takes(absl::string_view code) const {
    return code.size() <= kTreeCodeBytesMax &&
           (numbers_.contains(code) || numbers_.size() < kTreeCodesMax);
  }

  // The number of the code; a new one is added to `codes`, where number i is the i-th.
  uint16_t Number(absl::string_view code, std::shared_ptr<const std::vector<std::string>>* codes) {
    if (const auto it = numbers_.find(code); it != numbers_.end()) return it->second;
    auto longer = std::make_shared<std::vector<std::string>>(**codes);
    const uint16_t number = static_cast<uint16_t>(longer->size());
    longer->emplace_back(code);
    numbers_.emplace(std::string(code), number);
    *codes = std::move(longer);
    return number;
  }

  // Takes over the codes of a file, which hold none twice.
  void Learn(const std::vector<std::string>& codes) {
    for (size_t i = 0; i < codes.size(); ++i) {
      numbers_.emplace(codes[i], static_cast<uint16_t>(i));
    }
  }

 private:
  // Number 0 is the empty code in every list.
  absl::flat_hash_map<std::string, uint16_t> numbers_ = {{"", 0}};
};

}  // namespace terrace::tree

#endif  // TERRACE_COMMON_TREE_CODEBOOK_H_
