#pragma once

#include "cli/terminal.hpp"

#include <string>
#include <vector>

namespace wisp::cli {

/// Text in columns: as wide as their widest cell, two spaces apart. Cells must be printable.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  /// Without titles there is no heading.
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns; missing ones are empty.
  void add(std::vector<std::string> cells);

  /// Lines, each ending with a line break and without trailing spaces; `indent` spaces before each.
  [[nodiscard]] std::string render(Colour colour, std::size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace wisp::cli
