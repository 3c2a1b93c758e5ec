#ifdef USE_C10D_GLOO

#include "store.h"

namespace pl {

namespace {

c10d::TCPStoreOptions options_of(const StoreAddress& address, bool is_server) {
  c10d::TCPStoreOptions options;
  options.port = address.port;
  options.isServer = is_server;
  options.waitWorkers = false;
  options.timeout = address.timeout;
  serve_without_libuv(options, 0);
  return options;
}

}  // namespace

c10::intrusive_ptr<c10d::Store> host_store(const StoreAddress& address) {
  return c10::make_intrusive<c10d::TCPStore>(address.host, options_of(address, true));
}

c10::intrusive_ptr<c10d::Store> connect_store(const StoreAddress& address, const std::string& part) {
  auto store = c10::make_intrusive<c10d::TCPStore>(address.host, options_of(address, false));
  return c10::make_intrusive<c10d::PrefixStore>(address.prefix + '/' + part, std::move(store));
}

std::vector<uint8_t> bytes_of(const std::string& text) { return std::vector<uint8_t>(text.begin(), text.end()); }

std::string text_of(const std::vector<uint8_t>& bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace pl

#endif  // USE_C10D_GLOO
