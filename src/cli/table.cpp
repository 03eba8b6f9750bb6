#include "cli/table.hpp"

#include "cli/text.hpp"

#include <algorithm>

namespace wisp::cli {

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::render(Colour colour, std::size_t indent) const {
  std::vector<std::size_t> widths;
  bool titled = false;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t widest = width(columns_[column].title);
    titled = titled || widest != 0;
    for (const auto& row : rows_) widest = std::max(widest, width(row[column]));
    widths.push_back(widest);
  }
  const auto line = [&](const auto& cell_of) {
    std::string text(indent, ' ');
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (column != 0) text += "  ";
      const std::string& cell = cell_of(column);
      text += columns_[column].align == Align::left ? pad_right(cell, widths[column])
                                                    : pad_left(cell, widths[column]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string out;
  if (titled) {
    out += paint(colour, Style::dim,
                 line([&](std::size_t column) -> const std::string& { return columns_[column].title; }));
    out += '\n';
  }
  for (const auto& row : rows_)
    out += line([&](std::size_t column) -> const std::string& { return row[column]; }) + '\n';
  return out;
}

}  // namespace wisp::cli
