#pragma once

// What the classes that JavaScript sees have in common.
#ifdef USE_C10D_GLOO

#include <napi.h>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <set>
#include <string>

#include "../tensor_table.h"
#include "store.h"

namespace pl {

/// What a thread may take that is to end.
constexpr std::chrono::milliseconds kClosePatience(200);

/// What an exception says, without the stack that libtorch adds.
std::string message_of(const std::exception_ptr& problem);

/// Runs the body, whose exceptions become JavaScript's.
template <typename Body>
auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw Napi::Error::New(env, message_of(std::current_exception()));
  }
}

std::chrono::milliseconds milliseconds(const Napi::Value& value);
std::string text(const Napi::Value& value);
int32_t integer(const Napi::Value& value);
/// {host, port, prefix, timeoutMs}
StoreAddress store_address(const Napi::Object& object);

/// What is open in an environment. It is closed before V8 frees what the environment has, in this order: who uses a
/// store, then the store.
struct Environment {
  enum Kind { kMonitor, kGroup, kStore };

  struct Closable {
    virtual ~Closable() = default;
    virtual void close() = 0;
  };

  void close_all() {
    for (auto& list : open) {
      while (!list.empty()) {
        Closable* const first = *list.begin();
        list.erase(list.begin());
        first->close();
      }
    }
  }

  TensorTable* table;
  const at::Device* device;
  std::array<std::set<Closable*>, 3> open;
};

/// An object that stands in the environment's list for as long as it lives.
template <typename Object, Environment::Kind kind>
class Resource : public Napi::ObjectWrap<Object>, private Environment::Closable {
 protected:
  explicit Resource(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Object>(info), environment_(*static_cast<std::shared_ptr<Environment>*>(info.Data())) {
    environment_->open[kind].insert(this);
  }

  ~Resource() override { environment_->open[kind].erase(this); }

  Environment& environment() { return *environment_; }

  void Close(const Napi::CallbackInfo&) { close(); }

 private:
  using Environment::Closable::close;

  const std::shared_ptr<Environment> environment_;
};

}  // namespace pl

#endif  // USE_C10D_GLOO
