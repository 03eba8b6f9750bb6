#pragma once

#include <expected>
#include <utility>

namespace wisp::wasi {

/// The error side of what a host function returns: becomes `std::expected<T, E>` whatever T is, and so also
/// `Result<std::expected<T, E>>`, where std::unexpected would be taken for the trap.
template <class E>
class [[nodiscard]] Refusal {
 public:
  explicit Refusal(E error) : error_(std::move(error)) {}

  template <class T>
  operator std::expected<T, E>() && {  // NOLINT: conversion is what it is for
    return std::unexpected(std::move(error_));
  }

 private:
  E error_;
};

/// Passes on the error of another reply.
template <class T, class E>
[[nodiscard]] Refusal<E> pass_on(std::expected<T, E>&& failed) {
  return Refusal<E>(std::move(failed).error());
}

}  // namespace wisp::wasi
