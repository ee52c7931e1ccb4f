#include "common/resource/filter.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/resource/field_path.h"
#include "common/resource/filter_value.h"

namespace terrace::resource {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

enum class Op { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kHas };

}  // namespace

struct Filter::Node {
  enum class Type { kAnd, kOr, kNot, kPresent, kCompare };
  Type type = Type::kAnd;
  std::vector<std::shared_ptr<const Node>> children;  // kAnd, kOr; one for kNot.
  FieldPath path;                                     // kPresent, kCompare.
  Op op = Op::kEqual;                                 // kCompare.
  FilterValue value;                                  // kCompare.
  bool contains = false;                              // kCompare: ":" on a single text.
};

namespace {

using Node = Filter::Node;
using NodePtr = std::shared_ptr<const Node>;

bool Holds(Op op, std::partial_ordering order) {
  switch (op) {
    case Op::kEqual:
    case Op::kHas:
      return order == 0;
    case Op::kNotEqual:
      return !(order == 0);
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    case Op::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

// Whether the comparison holds from the depth-th field of the path on, for one of the elements
// where fields are repeated.
bool Compare(const Node& node, const Message& message, size_t depth) {
  const FieldDescriptor* field = node.path[depth];
  const Reflection& reflection = *message.GetReflection();
  const bool last = depth + 1 == node.path.size();
  if (field->is_repeated()) {
    for (int i = 0, size = reflection.FieldSize(message, field); i < size; ++i) {
      if (last ? node.type == Node::Type::kPresent || node.value.Compare(message, i) == 0
               : Compare(node, reflection.GetRepeatedMessage(message, field, i), depth + 1)) {
        return true;
      }
    }
    return false;
  }
  const bool set = reflection.HasField(message, field);
  if (last && node.type == Node::Type::kPresent) return set;
  if (field->has_presence() && !set) return false;
  if (!last) return Compare(node, reflection.GetMessage(message, field), depth + 1);
  if (node.contains) return node.value.Contains(message);
  return Holds(node.op, node.value.Compare(message, -1));
}

bool Evaluate(const Node& node, const Message& message) {
  switch (node.type) {
    case Node::Type::kAnd:
      for (const NodePtr& child : node.children) {
        if (!Evaluate(*child, message)) return false;
      }
      return true;
    case Node::Type::kOr:
      for (const NodePtr& child : node.children) {
        if (Evaluate(*child, message)) return true;
      }
      return false;
    case Node::Type::kNot:
      return !Evaluate(*node.children.front(), message);
    case Node::Type::kPresent:
    case Node::Type::kCompare:
      return Compare(node, message, 0);
  }
  return false;
}

struct Token {
  enum class Type { kEnd, kWord, kQuoted, kOpen, kClose, kOperator };
  Type type = Type::kEnd;
  size_t position = 0;
  std::string text;
};

class Parser {
 public:
  Parser(absl::string_view text, const Descriptor* type) : text_(text), type_(type) {}

  absl::StatusOr<NodePtr> Parse() {
    TERRACE_RETURN_IF_ERROR(Advance());
    TERRACE_ASSIGN_OR_RETURN(NodePtr root, Conjunction(0));
    if (token_.type != Token::Type::kEnd) {
      return Fault(token_.position, "AND, OR or the end is expected here");
    }
    return root;
  }

 private:
  static absl::Status Fault(size_t position, absl::string_view what) {
    return Error(Reason::INVALID_FILTER,
                 {{"detail", absl::StrCat("at byte ", position, ": ", what)}});
  }

  // Reads the next token into token_.
  absl::Status Advance() {
    while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
    token_ = Token{Token::Type::kEnd, at_, ""};
    if (at_ == text_.size()) return absl::OkStatus();
    const char c = text_[at_];
    if (c == '(' || c == ')') {
      token_.type = c == '(' ? Token::Type::kOpen : Token::Type::kClose;
      ++at_;
      return absl::OkStatus();
    }
    if (c == '"' || c == '\'') return Quoted(c);
    for (absl::string_view op : {"!=", "<=", ">=", "=", "<", ">", ":"}) {
      if (!absl::StartsWith(text_.substr(at_), op)) continue;
      token_.type = Token::Type::kOperator;
      token_.text = std::string(op);
      at_ += op.size();
      return absl::OkStatus();
    }
    token_.type = Token::Type::kWord;
    while (at_ < text_.size() && IsWord(text_[at_])) token_.text.push_back(text_[at_++]);
    if (token_.text.empty()) return Fault(at_, "this character has no meaning here");
    return absl::OkStatus();
  }

  static bool IsWord(char c) {
    return absl::ascii_isalnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
           absl::StrContains("_.-+/~@*", c);
  }

  absl::Status Quoted(char quote) {
    token_.type = Token::Type::kQuoted;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\') {
        if (++at_ == text_.size() || !absl::StrContains("\\\"'", text_[at_])) {
          return Fault(at_, "\"\\\" may stand before a quote or another \"\\\" only");
        }
      }
      token_.text.push_back(text_[at_]);
    }
    if (at_ == text_.size()) return Fault(token_.position, "this quote is not closed");
    ++at_;
    return absl::OkStatus();
  }

  bool IsKeyword(absl::string_view word) const {
    return token_.type == Token::Type::kWord && absl::string_view(token_.text) == word;
  }

  absl::StatusOr<NodePtr> Conjunction(int depth) {
    return Chain("AND", Node::Type::kAnd, depth, &Parser::Disjunction);
  }

  absl::StatusOr<NodePtr> Disjunction(int depth) {
    return Chain("OR", Node::Type::kOr, depth, &Parser::Term);
  }

  // operand { keyword operand }
  absl::StatusOr<NodePtr> Chain(absl::string_view keyword, Node::Type type, int depth,
                                absl::StatusOr<NodePtr> (Parser::*operand)(int)) {
    auto node = std::make_shared<Node>();
    node->type = type;
    while (true) {
      TERRACE_ASSIGN_OR_RETURN(NodePtr child, (this->*operand)(depth));
      node->children.push_back(std::move(child));
      if (!IsKeyword(keyword)) break;
      TERRACE_RETURN_IF_ERROR(Advance());
    }
    if (node->children.size() == 1) return node->children.front();
    return node;
  }

  absl::StatusOr<NodePtr> Term(int depth) {
    if (depth > kFilterDepthMax) {
      return Fault(token_.position, absl::StrCat("nested deeper than ", kFilterDepthMax));
    }
    const bool minus = token_.type == Token::Type::kWord && token_.text[0] == '-';
    if (minus || IsKeyword("NOT")) {
      if (minus && token_.text.size() > 1) {
        token_.text.erase(0, 1);
        ++token_.position;
      } else {
        TERRACE_RETURN_IF_ERROR(Advance());
      }
      auto node = std::make_shared<Node>();
      node->type = Node::Type::kNot;
      TERRACE_ASSIGN_OR_RETURN(NodePtr child, Term(depth + 1));
      node->children.push_back(std::move(child));
      return node;
    }
    if (token_.type == Token::Type::kOpen) {
      TERRACE_RETURN_IF_ERROR(Advance());
      TERRACE_ASSIGN_OR_RETURN(NodePtr inner, Conjunction(depth + 1));
      if (token_.type != Token::Type::kClose)
        return Fault(token_.position, "\")\" is expected here");
      TERRACE_RETURN_IF_ERROR(Advance());
      return inner;
    }
    return Comparison();
  }

  absl::StatusOr<NodePtr> Comparison() {
    if (token_.type != Token::Type::kWord) {
      return Fault(token_.position, "the name of a field is expected here");
    }
    if (++comparisons_ > kFilterComparisonsMax) {
      return Fault(token_.position,
                   absl::StrCat("more than ", kFilterComparisonsMax, " comparisons"));
    }
    auto node = std::make_shared<Node>();
    node->path = ResolvePath(token_.text, type_, /*through_repeated=*/true);
    if (node->path.empty()) {
      return Fault(token_.position,
                   absl::StrCat("there is no field \"", QuoteText(token_.text), "\""));
    }
    TERRACE_RETURN_IF_ERROR(Advance());
    if (token_.type != Token::Type::kOperator) {
      return Fault(token_.position, "one of = != < <= > >= : is expected here");
    }
    const size_t op_position = token_.position;
    node->op = OpOf(token_.text);
    TERRACE_RETURN_IF_ERROR(Advance());
    if (token_.type != Token::Type::kWord && token_.type != Token::Type::kQuoted) {
      return Fault(token_.position, "a value is expected here");
    }
    TERRACE_RETURN_IF_ERROR(Value(op_position, node.get()));
    TERRACE_RETURN_IF_ERROR(Advance());
    if (node->op != Op::kNotEqual) return node;
    // "!=" is NOT "=", also where a message on the way is unset.
    node->op = Op::kEqual;
    auto negated = std::make_shared<Node>();
    negated->type = Node::Type::kNot;
    negated->children.push_back(std::move(node));
    return negated;
  }

  // Makes the token the value of the comparison.
  absl::Status Value(size_t op_position, Node* node) {
    if (node->op == Op::kHas && token_.type == Token::Type::kWord && token_.text == "*") {
      node->type = Node::Type::kPresent;
      return absl::OkStatus();
    }
    node->type = Node::Type::kCompare;
    absl::StatusOr<FilterValue> value = FilterValue::Make(node->path.back(), token_.text);
    if (!value.ok()) return Fault(token_.position, std::string(value.status().message()));
    node->value = *std::move(value);
    bool repeated = false;
    for (const FieldDescriptor* field : node->path) repeated |= field->is_repeated();
    if (repeated && node->op != Op::kHas) {
      return Fault(op_position, "lists and maps are searched with \":\"");
    }
    if (!repeated && node->op == Op::kHas && !node->value.is_string()) {
      return Fault(op_position, "\":\" searches texts, lists and maps; compare with \"=\"");
    }
    node->contains = !repeated && node->op == Op::kHas;
    if (node->op != Op::kHas && node->op != Op::kEqual && node->op != Op::kNotEqual &&
        !node->value.ordered()) {
      return Fault(op_position, "true and false have no order");
    }
    return absl::OkStatus();
  }

  static Op OpOf(absl::string_view text) {
    if (text == "=") return Op::kEqual;
    if (text == "!=") return Op::kNotEqual;
    if (text == "<") return Op::kLess;
    if (text == "<=") return Op::kLessEqual;
    if (text == ">") return Op::kGreater;
    if (text == ">=") return Op::kGreaterEqual;
    return Op::kHas;
  }

  const absl::string_view text_;
  const Descriptor* const type_;
  size_t at_ = 0;
  Token token_;
  int comparisons_ = 0;
};

}  // namespace

absl::StatusOr<Filter> Filter::Parse(absl::string_view text, const Descriptor* type) {
  Filter filter;
  if (text.size() > kFilterBytesMax) {
    return Error(Reason::INVALID_FILTER,
                 {{"detail", absl::StrCat("it is longer than ", kFilterBytesMax, " bytes")}});
  }
  if (absl::StripAsciiWhitespace(text).empty()) return filter;
  TERRACE_ASSIGN_OR_RETURN(filter.root_, Parser(text, type).Parse());
  return filter;
}

bool Filter::Matches(const Message& message) const {
  return root_ == nullptr || Evaluate(*root_, message);
}

}  // namespace terrace::resource
