#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wisp {

/// What went wrong, for programs. The list, with numbers and sentences, is errors.def.
enum class Errc : std::uint16_t {
#define WISP_ERROR(name, number, text) name = number,
#include "base/errors.def"
#undef WISP_ERROR
};

/// "E0207".
[[nodiscard]] std::string code_text(Errc code);

/// The general sentence of a code ("an import is not provided").
[[nodiscard]] std::string_view title(Errc code);

/// The name of a code in errors.def ("import_missing"), as `-o json` prints it.
[[nodiscard]] std::string_view name(Errc code);

/// A failure: its code, one sentence with the value in question, and what helps: labelled details ("needed
/// by", "provided", "try"). One pointer wide, never empty; made only on the failing path.
class Error {
 public:
  struct Detail {
    std::string label;
    std::string text;
  };

  Error(Errc code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  [[nodiscard]] Errc code() const noexcept { return body_->code; }
  [[nodiscard]] const std::string& message() const noexcept { return body_->message; }
  [[nodiscard]] const std::vector<Detail>& details() const noexcept { return body_->details; }

  /// Adds a labelled line; returns itself so that it chains on a temporary.
  Error&& with(std::string label, std::string text) &&;
  void add(std::string label, std::string text);

  /// Puts "context: " before the message.
  Error&& in(std::string_view context) &&;

  /// The wasm backtrace of a trap, innermost frame first; empty otherwise.
  [[nodiscard]] const std::string& backtrace() const noexcept { return body_->backtrace; }
  void set_backtrace(std::string text) { body_->backtrace = std::move(text); }

  /// For Errc::guest_exit: the status the guest asked for (0–255).
  [[nodiscard]] int exit_status() const noexcept { return body_->exit_status; }
  void set_exit_status(int status) noexcept { body_->exit_status = status; }

 private:
  struct Body {
    Errc code;
    int exit_status = 0;
    std::string message;
    std::string backtrace;
    std::vector<Detail> details;
  };
  std::unique_ptr<Body> body_;
};

}  // namespace wisp
