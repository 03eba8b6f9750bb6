#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace wisp::cli {

/// What made a module or component, by its custom section "producers" (tool-conventions,
/// ProducersSection.md): what it claims, which nobody checks.
struct Producers {
  std::vector<std::string> languages;  ///< "C++11", "Rust"
  std::vector<std::string> tools;      ///< "clang 22.1.0", "wit-component 0.262.0"
};

/// Adds what the sections of `binary` (not those of modules inside it) say, each once. Ignores what it cannot
/// read.
void collect_producers(std::span<const std::byte> binary, Producers& into);

/// The language people would say it is written in: "C++", "Python"; empty if nobody knows.
[[nodiscard]] std::string main_language(const Producers& producers);

}  // namespace wisp::cli
