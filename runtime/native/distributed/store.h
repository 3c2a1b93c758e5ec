#pragma once

#ifdef USE_C10D_GLOO

#include <chrono>
#include <cstdint>
#include <string>

#include "c10d.h"

namespace pl {

/// Where the processes of a run find each other.
struct StoreAddress {
  std::string host;
  uint16_t port = 0;
  /// Of all keys: what the run has to itself in a store that serves several, or serves one again after a restart.
  std::string prefix;
  std::chrono::milliseconds timeout{0};
};

/// Opens the store. It serves until it is destroyed. @throws c10::Error where the port is taken
c10::intrusive_ptr<c10d::Store> host_store(const StoreAddress& address);

/// A connection to the store, with keys below the address's prefix and `part`. A connection serves one thread at a time.
c10::intrusive_ptr<c10d::Store> connect_store(const StoreAddress& address, const std::string& part);

std::vector<uint8_t> bytes_of(const std::string& text);
std::string text_of(const std::vector<uint8_t>& bytes);

}  // namespace pl

#endif  // USE_C10D_GLOO
