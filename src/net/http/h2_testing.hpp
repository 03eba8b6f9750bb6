#pragma once

#include "net/http/loopback_testing.hpp"

#include <gtest/gtest.h>

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wisp::net::http::testing {

/// Names and values of a head, pseudo fields first.
using FieldList = std::vector<std::pair<std::string, std::string>>;

/// One end of an HTTP/2 connection whose frames are made by hand, so that they can be wrong. Blocking; its
/// waits end as those of RawClient do.
class RawH2 {
 public:
  /// A client: connects, and sends the preface and its settings.
  explicit RawH2(std::uint16_t port) : RawH2(std::make_unique<RawClient>(port)) {
    client_->send(kPreface);
    send_frame(NGHTTP2_SETTINGS, 0, 0, "");
  }
  /// A server: takes the preface and sends its settings.
  explicit RawH2(RawClient::Accepted connection) : RawH2(std::make_unique<RawClient>(connection)) {
    EXPECT_EQ(client_->read_or_end(kPreface.size()), kPreface);
    send_frame(NGHTTP2_SETTINGS, 0, 0, "");
  }
  ~RawH2() {
    nghttp2_hd_deflate_del(deflater_);
    nghttp2_hd_inflate_del(inflater_);
  }
  RawH2(const RawH2&) = delete;
  RawH2& operator=(const RawH2&) = delete;

  static std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream,
                           std::string_view payload) {
    std::string bytes;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
    return bytes.append(payload);
  }
  void send_frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
    client_->send(frame(type, flags, stream, payload));
  }
  /// The fields of a HEADERS frame.
  std::string block(const FieldList& fields) {
    std::vector<nghttp2_nv> values;
    for (const auto& [name, value] : fields) {
      values.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                        value.size(), NGHTTP2_NV_FLAG_NO_INDEX});
    }
    std::string out(nghttp2_hd_deflate_bound(deflater_, values.data(), values.size()), '\0');
    const auto size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(out.data()),
                                            out.size(), values.data(), values.size());
    out.resize(static_cast<std::size_t>(size));
    return out;
  }
  /// Sends a head, of a request or a response.
  void send_head(std::int32_t stream, const FieldList& fields, std::uint8_t flags = NGHTTP2_FLAG_END_STREAM) {
    send_frame(NGHTTP2_HEADERS, static_cast<std::uint8_t>(flags | NGHTTP2_FLAG_END_HEADERS), stream,
               block(fields));
  }

  struct Frame {
    int type = -1;  // -1: the connection ended
    std::uint8_t flags = 0;
    std::int32_t stream = 0;
    std::string payload;
  };
  Frame next() {
    const std::string head = client_->read_or_end(9);
    if (head.size() < 9) return {};
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(head[i]));
    };
    Frame result;
    result.type = static_cast<int>(byte(3));
    result.flags = static_cast<std::uint8_t>(byte(4));
    result.stream =
        static_cast<std::int32_t>((byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8)) & 0x7FFFFFFFU);
    result.payload = client_->read_or_end(byte(0) << 16 | byte(1) << 8 | byte(2));
    return result;
  }
  /// ":status" of a HEADERS frame.
  std::string status(const Frame& frame) {
    std::string status;
    const auto* at = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
    std::size_t left = frame.payload.size();
    for (;;) {
      nghttp2_nv value;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &value, &flags, at, left, 1);
      if (used < 0) return "undecodable";
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 &&
          std::string_view(reinterpret_cast<char*>(value.name), value.namelen) == ":status") {
        status.assign(reinterpret_cast<char*>(value.value), value.valuelen);
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return status;
  }
  /// What becomes of a stream: "200", "reset 8", "goaway 11" or "end".
  std::string fate(std::int32_t stream) {
    for (;;) {
      const Frame frame = next();
      if (frame.type == -1) return "end";
      if (frame.type == NGHTTP2_HEADERS && frame.stream == stream) return status(frame);
      if (frame.type == NGHTTP2_RST_STREAM && frame.stream == stream)
        return fmt::format("reset {}", code(frame, 0));
      if (frame.type == NGHTTP2_GOAWAY && code(frame, 4) != 0)
        return fmt::format("goaway {}", code(frame, 4));
    }
  }
  /// How the connection ends: "goaway 11", or "end" without a reason.
  std::string end() {
    std::string reason = "end";
    for (;;) {
      const Frame frame = next();
      if (frame.type == -1) return reason;
      if (frame.type == NGHTTP2_GOAWAY) reason = fmt::format("goaway {}", code(frame, 4));
    }
  }
  RawClient& raw() { return *client_; }

 private:
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  explicit RawH2(std::unique_ptr<RawClient> client) : client_(std::move(client)) {
    nghttp2_hd_deflate_new(&deflater_, 4096);
    nghttp2_hd_inflate_new(&inflater_);
  }
  static std::uint32_t code(const Frame& frame, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<unsigned char>(frame.payload[at + i]);
    return value;
  }
  std::unique_ptr<RawClient> client_;
  nghttp2_hd_deflater* deflater_ = nullptr;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace wisp::net::http::testing
