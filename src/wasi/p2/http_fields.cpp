#include "wasi/context.hpp"
#include "wasi/http/field_views.hpp"
#include "wasi/p2/http_types.hpp"

namespace wisp::wasi::p2 {

using component::ByteView;
using component::Caller;

namespace {

using FieldsReply = std::expected<void, FieldsError>;
using Entry = http::FieldEntry;

Unexpected too_large() {
  return fail(Errc::trap_limit,
              "fields grew beyond {} bytes, or all that the instance holds of messages beyond its limit",
              http::FieldMap::kMaxBytes);
}

/// There is no case for fields that grow too large in 0.2: that is a trap.
Result<FieldsReply> tell(http::FieldMap::Outcome outcome) {
  if (outcome) return FieldsReply();
  FieldsError error;
  switch (outcome.error()) {
    case http::HeaderError::invalid_syntax:
      error.value.emplace<0>();
      break;
    case http::HeaderError::forbidden:
      error.value.emplace<1>();
      break;
    case http::HeaderError::immutable:
      error.value.emplace<2>();
      break;
    case http::HeaderError::size_exceeded:
      return too_large();
  }
  return Refusal(error);
}

std::unique_ptr<HttpFields> make_fields(Caller& caller) {
  return std::make_unique<HttpFields>(http::FieldMap(caller.context<Context>().message_bytes().empty()));
}

Result<std::expected<std::unique_ptr<HttpFields>, FieldsError>> from_list(Caller& caller,
                                                                          std::vector<Entry> entries) {
  auto fields = make_fields(caller);
  for (const auto& [name, value] : entries) {
    auto added = TRY(tell(fields->map().append(name, value)));
    if (!added) return pass_on(std::move(added));
  }
  return fields;
}

/// Views into the fields: nothing changes them before they are lowered.
std::vector<ByteView> get(Caller&, HttpFields& self, std::string_view name) {
  return http::values_of(self.map(), name);
}

std::vector<Entry> entries(Caller&, HttpFields& self) { return http::entries_of(self.map()); }

Result<FieldsReply> set(Caller&, HttpFields& self, std::string_view name, std::vector<ByteView> values) {
  return tell(self.map().set(name, values));
}

Result<FieldsReply> append(Caller&, HttpFields& self, std::string_view name, ByteView value) {
  return tell(self.map().append(name, value));
}

Result<FieldsReply> remove(Caller&, HttpFields& self, std::string_view name) {
  return tell(self.map().remove(name));
}

Result<std::unique_ptr<HttpFields>> clone(Caller& caller, HttpFields& self) {
  auto copy = self.map().clone(caller.context<Context>().message_bytes().empty());
  if (!copy) return too_large();
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
      .function("[method]fields.set", set)
      .function("[method]fields.delete", remove)
      .function("[method]fields.append", append)
      .function("[method]fields.entries", entries)
      .function("[method]fields.clone", clone);
}

}  // namespace wisp::wasi::p2
