#pragma once

#include "base/error.hpp"

#include <span>
#include <string_view>

namespace wisp::cli {

/// docs/errors/E0207.md, compiled in.
struct Page {
  Errc code;
  std::string_view text;
};

/// All pages by code. Generated from docs/errors when wisp is built (pages.cmake).
[[nodiscard]] std::span<const Page> pages();

/// The page of "E0207", "e0207", "0207" or "207"; null if there is none.
[[nodiscard]] const Page* find_page(std::string_view code);

}  // namespace wisp::cli
