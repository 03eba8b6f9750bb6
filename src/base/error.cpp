#include "base/error.hpp"

#include <fmt/format.h>

namespace wisp {

std::string code_text(Errc code) { return fmt::format("E{:04}", static_cast<unsigned>(code)); }

std::string_view title(Errc code) {
  switch (code) {
#define WISP_ERROR(name, number, text) \
  case Errc::name:                     \
    return text;
#include "base/errors.def"
#undef WISP_ERROR
  }
  return "unknown error";
}

std::string_view name(Errc code) {
  switch (code) {
#define WISP_ERROR(name, number, text) \
  case Errc::name:                     \
    return #name;
#include "base/errors.def"
#undef WISP_ERROR
  }
  return "unknown";
}

Error::Error(Errc code, std::string message)
    : body_(new Body{
          .code = code, .exit_status = 0, .message = std::move(message), .backtrace = {}, .details = {}}) {}

Error::Error(const Error& other) : body_(new Body(*other.body_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) body_ = std::make_unique<Body>(*other.body_);
  return *this;
}

Error&& Error::with(std::string label, std::string text) && {
  add(std::move(label), std::move(text));
  return std::move(*this);
}

void Error::add(std::string label, std::string text) {
  body_->details.push_back({.label = std::move(label), .text = std::move(text)});
}

Error&& Error::in(std::string_view context) && {
  body_->message = fmt::format("{}: {}", context, body_->message);
  return std::move(*this);
}

}  // namespace wisp
