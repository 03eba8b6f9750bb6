#include "wasi/context.hpp"
#include "wasi/http/field_views.hpp"
#include "wasi/p3/http_types.hpp"

#include <algorithm>

namespace wisp::wasi::p3 {

using component::ByteView;
using component::Caller;

namespace {

template <class T = void>
using FieldsReply = std::expected<T, FieldsError>;
using Entry = http::FieldEntry;

FieldsError to_wit(http::HeaderError error) {
  FieldsError out;
  switch (error) {
    case http::HeaderError::invalid_syntax:
      out.value.emplace<0>();
      break;
    case http::HeaderError::forbidden:
      out.value.emplace<1>();
      break;
    case http::HeaderError::immutable:
      out.value.emplace<2>();
      break;
    case http::HeaderError::size_exceeded:
      out.value.emplace<3>();
      break;
  }
  return out;
}

FieldsReply<> tell(http::FieldMap::Outcome outcome) {
  if (!outcome) return Refusal(to_wit(outcome.error()));
  return {};
}

std::unique_ptr<HttpFields> make_fields(Caller& caller) {
  return std::make_unique<HttpFields>(http::FieldMap(caller.context<Context>().message_bytes().empty()));
}

FieldsReply<std::unique_ptr<HttpFields>> from_list(Caller& caller, std::vector<Entry> entries) {
  auto fields = make_fields(caller);
  for (const auto& [name, value] : entries) {
    if (auto added = fields->map().append(name, value); !added) return Refusal(to_wit(added.error()));
  }
  return fields;
}

/// Views into the fields: nothing changes them before they are lowered.
std::vector<ByteView> get(Caller&, HttpFields& self, std::string_view name) {
  return http::values_of(self.map(), name);
}

FieldsReply<std::vector<component::Bytes>> get_and_delete(Caller&, HttpFields& self, std::string_view name) {
  std::vector<component::Bytes> out;
  for (const auto& value : self.map().fields().all(name)) {
    const auto bytes = http::bytes_of(value);
    out.emplace_back(bytes.begin(), bytes.end());
  }
  if (auto removed = self.map().remove(name); !removed) return Refusal(to_wit(removed.error()));
  return out;
}

std::vector<Entry> copy_all(Caller&, HttpFields& self) {
  auto out = http::entries_of(self.map());
  http::spell_as_first(out);
  return out;
}

Result<std::unique_ptr<HttpFields>> clone(Caller& caller, HttpFields& self) {
  auto copy = self.map().clone(caller.context<Context>().message_bytes().empty());
  // clone() has no error to say it with.
  if (!copy) return fail(Errc::trap_limit, "what the instance holds of messages grew beyond its limit");
  return std::make_unique<HttpFields>(*std::move(copy));
}

}  // namespace

void add_http_fields(component::HostInterface& types) {
  types.resource<HttpFields>("fields")
      .function("[constructor]fields", make_fields)
      .function("[static]fields.from-list", from_list)
      .function("[method]fields.get", get)
      .function(
          "[method]fields.has",
          [](Caller&, HttpFields& self, std::string_view name) { return self.map().fields().contains(name); })
      .function("[method]fields.set",
                [](Caller&, HttpFields& self, std::string_view name, std::vector<ByteView> values) {
                  return tell(self.map().set(name, values));
                })
      .function("[method]fields.delete", [](Caller&, HttpFields& self,
                                            std::string_view name) { return tell(self.map().remove(name)); })
      .function("[method]fields.get-and-delete", get_and_delete)
      .function("[method]fields.append", [](Caller&, HttpFields& self, std::string_view name,
                                            ByteView value) { return tell(self.map().append(name, value)); })
      .function("[method]fields.copy-all", copy_all)
      .function("[method]fields.clone", clone);
}

}  // namespace wisp::wasi::p3
