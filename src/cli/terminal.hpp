#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wisp::cli {

/// What a piece of text is, from which its colour follows.
enum class Style : std::uint8_t { plain, error, label, strong, good, dim };

enum class Colour : std::uint8_t { off, on };

/// `text` in the colour of `style`, or as it is.
[[nodiscard]] std::string paint(Colour colour, Style style, std::string_view text);

/// Opens the null device in place of standard descriptors that are closed: else the next file, or a socket,
/// would take their number, and what is meant for stdout would go there.
void hold_standard_descriptors() noexcept;

/// One of the process's output streams. Unbuffered; any thread. Copies share the memory of what failed.
class Terminal {
 public:
  /// Looks at the descriptor and at NO_COLOR and TERM: colour on a terminal only.
  [[nodiscard]] static Terminal of(int descriptor);
  Terminal(int descriptor, bool is_terminal, Colour colour)
      : descriptor_(descriptor), is_terminal_(is_terminal), colour_(colour) {}

  [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
  [[nodiscard]] Colour colour() const noexcept { return colour_; }
  [[nodiscard]] std::string paint(Style style, std::string_view text) const {
    return cli::paint(colour_, style, text);
  }

  /// Writes all of it. False when the descriptor takes no more (a full disk, a reader that left).
  bool write(std::string_view text) const noexcept;

  /// Why a write failed, an errno; 0 if none did. A reader that left is no failure.
  [[nodiscard]] int trouble() const noexcept { return trouble_->load(); }

 private:
  int descriptor_;
  bool is_terminal_;
  Colour colour_;
  std::shared_ptr<std::atomic<int>> trouble_ = std::make_shared<std::atomic<int>>(0);
};

/// How results and errors are written.
enum class OutputFormat : std::uint8_t { text, json };

/// Where a command writes: results to `out`, errors and progress to `err`.
struct Console {
  Terminal out;
  Terminal err;
  OutputFormat format = OutputFormat::text;
};

}  // namespace wisp::cli
