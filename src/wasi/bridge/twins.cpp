#include "wasi/bridge/twins.hpp"

#include "wasi/p2/filesystem.hpp"
#include "wasi/p2/http_resources.hpp"
#include "wasi/p2/tcp.hpp"
#include "wasi/p2/udp.hpp"
#include "wasi/p3/filesystem_types.hpp"
#include "wasi/p3/http_resources.hpp"
#include "wasi/p3/tcp.hpp"
#include "wasi/p3/udp.hpp"

namespace wisp::wasi::bridge {

namespace {

Unexpected busy(std::string_view what) {
  return fail(Errc::trap_handle, "the {} has children or a call under way: it cannot be given away now",
              what);
}

template <class To, class From>
std::unique_ptr<To> give_descriptor(From& from) {
  return std::make_unique<To>(from.share(), from.take_slot());
}
template <class To, class From>
std::unique_ptr<To> lend_descriptor(From& from) {
  return std::make_unique<To>(from.share(), Quota::Slot());
}

/// A socket is counted itself, whoever holds it.
template <class To, class From>
std::unique_ptr<To> share_socket(From& from) {
  return std::make_unique<To>(from.share());
}
Result<std::unique_ptr<p3::TcpHandle>> give_tcp(p2::TcpHandle& from) {
  if (!from.may_drop() || from.pending() != p2::Pending::none) return busy("tcp-socket");
  return share_socket<p3::TcpHandle>(from);
}
Result<std::unique_ptr<p3::UdpHandle>> give_udp(p2::UdpHandle& from) {
  if (!from.may_drop() || from.binding) return busy("udp-socket");
  return share_socket<p3::UdpHandle>(from);
}

template <class To, class From>
std::unique_ptr<To> give_fields(From& from) {
  return std::make_unique<To>(std::move(from.map()));
}
template <class To, class From>
Result<std::unique_ptr<To>> lend_fields(From& from) {
  if (from.map().is_mutable())
    return fail(Errc::trap_handle,
                "fields that can be changed cannot be lent to a component of another version");
  return std::make_unique<To>(http::FieldMap(from.map().freeze()));
}

std::unique_ptr<p3::RequestOptions> to_p3(p2::RequestOptions& from) {
  return std::make_unique<p3::RequestOptions>(from.timeouts());
}
std::unique_ptr<p2::RequestOptions> to_p2(p3::RequestOptions& from) {
  auto options = std::make_unique<p2::RequestOptions>();
  options->timeouts() = from.timeouts();
  return options;
}

}  // namespace

std::vector<component::Twin> twins() {
  using component::make_twin;
  using OldFile = p2::DescriptorHandle;
  using NewFile = p3::DescriptorHandle;
  using OldTcp = p2::TcpHandle;
  using NewTcp = p3::TcpHandle;
  using OldUdp = p2::UdpHandle;
  using NewUdp = p3::UdpHandle;
  using OldFields = p2::HttpFields;
  using NewFields = p3::HttpFields;
  return {
      make_twin<OldFile, NewFile, give_descriptor<NewFile, OldFile>, lend_descriptor<NewFile, OldFile>>(),
      make_twin<NewFile, OldFile, give_descriptor<OldFile, NewFile>, lend_descriptor<OldFile, NewFile>>(),
      make_twin<OldTcp, NewTcp, give_tcp, share_socket<NewTcp, OldTcp>>(),
      make_twin<NewTcp, OldTcp, share_socket<OldTcp, NewTcp>, share_socket<OldTcp, NewTcp>>(),
      make_twin<OldUdp, NewUdp, give_udp, share_socket<NewUdp, OldUdp>>(),
      make_twin<NewUdp, OldUdp, share_socket<OldUdp, NewUdp>, share_socket<OldUdp, NewUdp>>(),
      make_twin<OldFields, NewFields, give_fields<NewFields, OldFields>, lend_fields<NewFields, OldFields>>(),
      make_twin<NewFields, OldFields, give_fields<OldFields, NewFields>, lend_fields<OldFields, NewFields>>(),
      make_twin<p2::RequestOptions, p3::RequestOptions, to_p3, to_p3>(),
      make_twin<p3::RequestOptions, p2::RequestOptions, to_p2, to_p2>(),
  };
}

}  // namespace wisp::wasi::bridge
