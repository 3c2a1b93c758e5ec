#ifdef USE_C10D_GLOO

#include "resource.h"

namespace pl {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string message_of(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const c10::Error& error) {
    return first_line(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return first_line(error.what());
  } catch (...) {
    return "unknown error";
  }
}

std::chrono::milliseconds milliseconds(const Napi::Value& value) {
  return std::chrono::milliseconds(value.As<Napi::Number>().Int64Value());
}

std::string text(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

int32_t integer(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

StoreAddress store_address(const Napi::Object& object) {
  StoreAddress address;
  address.host = text(object.Get("host"));
  address.port = static_cast<uint16_t>(integer(object.Get("port")));
  address.prefix = text(object.Get("prefix"));
  address.timeout = milliseconds(object.Get("timeoutMs"));
  return address;
}

}  // namespace pl

#endif  // USE_C10D_GLOO
