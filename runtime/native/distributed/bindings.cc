#include "bindings.h"

#ifdef USE_C10D_GLOO

#include <c10/core/InferenceMode.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "interrupts.h"
#include "monitor.h"
#include "process_group.h"
#include "store.h"

namespace pl {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What a rethrown exception says, without the stack that libtorch adds.
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

std::chrono::milliseconds milliseconds(const Napi::Value& value) {
  return std::chrono::milliseconds(value.As<Napi::Number>().Int64Value());
}

std::string text(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

int32_t integer(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

/// {host, port, prefix, timeoutMs}
StoreAddress store_address(const Napi::Object& object) {
  StoreAddress address;
  address.host = text(object.Get("host"));
  address.port = static_cast<uint16_t>(integer(object.Get("port")));
  address.prefix = text(object.Get("prefix"));
  address.timeout = milliseconds(object.Get("timeoutMs"));
  return address;
}

/// A connection to the store, and on the rank that hosts it the store itself.
class StoreObject : public Napi::ObjectWrap<StoreObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Store",
                       {
                           InstanceMethod("add", &StoreObject::Add),
                           InstanceMethod("set", &StoreObject::Set),
                           InstanceMethod("get", &StoreObject::Get),
                           InstanceMethod("close", &StoreObject::Close),
                       });
  }

  /// new Store(address, hosts)
  explicit StoreObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), [&] {
      const StoreAddress address = store_address(info[0].As<Napi::Object>());
      if (info[1].ToBoolean()) server_ = host_store(address);
      store_ = connect_store(address, "ranks");
    });
  }

 private:
  /// add(key, number): the sum of all that was added.
  Napi::Value Add(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const int64_t sum = store_->add(text(info[0]), info[1].As<Napi::Number>().Int64Value());
      return Napi::Number::New(info.Env(), static_cast<double>(sum));
    });
  }

  void Set(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { store_->set(text(info[0]), bytes_of(text(info[1]))); });
  }

  /// get(key): undefined where there is none yet.
  Napi::Value Get(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::string key = text(info[0]);
      if (!store_->check({key})) return info.Env().Undefined();
      return Napi::String::New(info.Env(), text_of(store_->get(key)));
    });
  }

  void Close(const Napi::CallbackInfo&) {
    store_.reset();
    server_.reset();
  }

  c10::intrusive_ptr<c10d::Store> server_;
  c10::intrusive_ptr<c10d::Store> store_;
};

class MonitorObject : public Napi::ObjectWrap<MonitorObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Monitor",
                       {
                           InstanceMethod("setActivity", &MonitorObject::SetActivity),
                           InstanceMethod("publish", &MonitorObject::Publish),
                           InstanceMethod("flush", &MonitorObject::Flush),
                           InstanceMethod("watchAll", &MonitorObject::WatchAll),
                           InstanceMethod("report", &MonitorObject::Report),
                           InstanceMethod("stop", &MonitorObject::Stop),
                       });
  }

  /// new Monitor(address, rank, worldSize)
  explicit MonitorObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info),
        monitor_(Monitor::start(store_address(info[0].As<Napi::Object>()), integer(info[1]), integer(info[2]))) {}

  ~MonitorObject() override { monitor_->stop(); }

 private:
  void SetActivity(const Napi::CallbackInfo& info) { monitor_->set_activity(text(info[0])); }
  void Publish(const Napi::CallbackInfo& info) { monitor_->publish(text(info[0])); }
  Napi::Value Flush(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), monitor_->flush(milliseconds(info[0])));
  }
  void WatchAll(const Napi::CallbackInfo&) { monitor_->watch_all(); }
  void Stop(const Napi::CallbackInfo&) { monitor_->stop(); }

  Napi::Value Report(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Monitor::Report report = monitor_->report();
    auto messages = Napi::Array::New(env, report.messages.size());
    for (uint32_t i = 0; i < report.messages.size(); ++i) messages[i] = report.messages[i];
    auto states = Napi::Array::New(env, report.states.size());
    for (uint32_t i = 0; i < report.states.size(); ++i) {
      auto state = Napi::Object::New(env);
      state["text"] = report.states[i].text;
      state["ageMs"] = static_cast<double>(report.states[i].age_ms);
      states[i] = state;
    }
    auto object = Napi::Object::New(env);
    object["messages"] = messages;
    object["states"] = states;
    object["silenceMs"] = static_cast<double>(report.silence_ms);
    object["lost"] = report.lost;
    return object;
  }

  std::shared_ptr<Monitor> monitor_;
};

/// What connects in a thread of its own, which may outlive the object that asked for it.
struct Connection {
  std::atomic<bool> ended{false};
  std::unique_ptr<Group> group;
  std::exception_ptr problem;
};

/// The engine that a class of the addon works for.
struct EngineParts {
  TensorTable* table;
  const at::Device* device;
};

class GroupObject : public Napi::ObjectWrap<GroupObject> {
 public:
  static Napi::Function define(Napi::Env env, EngineParts* engine) {
    return DefineClass(env, "ProcessGroup",
                       {
                           InstanceMethod("connected", &GroupObject::Connected),
                           InstanceMethod("allReduce", &GroupObject::AllReduce),
                           InstanceMethod("broadcast", &GroupObject::Broadcast),
                           InstanceMethod("reduceScatter", &GroupObject::ReduceScatter),
                           InstanceMethod("allGather", &GroupObject::AllGather),
                           InstanceMethod("barrier", &GroupObject::Barrier),
                           InstanceMethod("wait", &GroupObject::Wait),
                           InstanceMethod("close", &GroupObject::Close),
                       },
                       engine);
  }

  /// new ProcessGroup({store, rank, worldSize, backend, address, interface, timeoutMs})
  explicit GroupObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info), engine_(*static_cast<EngineParts*>(info.Data())), connection_(std::make_shared<Connection>()) {
    const auto object = info[0].As<Napi::Object>();
    GroupOptions options;
    options.store = store_address(object.Get("store").As<Napi::Object>());
    options.rank = integer(object.Get("rank"));
    options.size = integer(object.Get("worldSize"));
    if (text(object.Get("backend")) == "nccl") options.device = *engine_.device;
    options.address = text(object.Get("address"));
    options.interface = text(object.Get("interface"));
    options.timeout = milliseconds(object.Get("timeoutMs"));
    std::thread([options, connection = connection_] {
      try {
        connection->group = std::make_unique<Group>(options);
      } catch (...) {
        connection->problem = std::current_exception();
      }
      connection->ended = true;
    }).detach();
  }

 private:
  /// Arrays that a collective reads or writes: they stay until it is over, whatever becomes of the caller's.
  using Arrays = std::vector<Napi::ObjectReference>;

  /// A collective's value: the handle of a tensor, or a typed array.
  at::Tensor place(const Napi::Value& value, bool is_written, Arrays& arrays) {
    if (value.IsNumber()) return alias_of(is_written ? writable(integer(value)) : readable(integer(value)));
    const auto array = value.As<Napi::TypedArray>();
    arrays.push_back(Napi::Persistent(value.As<Napi::Object>()));
    const auto options = at::TensorOptions().dtype(type_of(array));
    const auto size = static_cast<int64_t>(array.ElementLength());
    c10::InferenceMode normal(false);
    if (size == 0) return at::empty({0}, options);
    return at::from_blob(static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), {size}, options);
  }

  std::vector<at::Tensor> places(const Napi::Value& values, bool are_written, Arrays& arrays) {
    const auto list = values.As<Napi::Array>();
    std::vector<at::Tensor> places;
    for (uint32_t i = 0; i < list.Length(); ++i) places.push_back(place(list[i], are_written, arrays));
    return places;
  }

  static at::ScalarType type_of(const Napi::TypedArray& array) {
    switch (array.TypedArrayType()) {
      case napi_float32_array:
        return at::kFloat;
      case napi_float64_array:
        return at::kDouble;
      case napi_int32_array:
        return at::kInt;
      case napi_uint8_array:
        return at::kByte;
      default:
        throw std::invalid_argument("arrays of this type cannot travel");
    }
  }

  at::Tensor readable(Handle handle) {
    c10::InferenceMode inference;
    return engine_.table->at(handle).contiguous().resolve_conj().resolve_neg();
  }

  /// In memory that no other handle sees.
  at::Tensor writable(Handle handle) {
    c10::InferenceMode inference;
    TensorTable& table = *engine_.table;
    const at::Tensor tensor = table.at(handle).resolve_conj().resolve_neg();
    if (!tensor.is_contiguous() || !tensor.is_same(table.at(handle)) || !table.alone(handle)) {
      table.replace(handle, tensor.clone(at::MemoryFormat::Contiguous));
    }
    table.forget_cast(handle);
    return table.at(handle);
  }

  Group& group() {
    TORCH_CHECK(connection_ != nullptr && connection_->ended && connection_->group != nullptr,
                "the process group is not connected");
    return *connection_->group;
  }

  /// connected(): whether all ranks are connected. Throws what keeps them from it.
  Napi::Value Connected(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      if (connection_->ended && connection_->problem != nullptr) std::rethrow_exception(connection_->problem);
      return Napi::Boolean::New(info.Env(), connection_->ended);
    });
  }

  template <typename Start>
  Napi::Value start(const Napi::CallbackInfo& info, Start start) {
    return guarded(info.Env(), [&] {
      const auto arrays = std::make_shared<Arrays>();
      return Napi::Number::New(info.Env(), start(group(), arrays));
    });
  }

  /// allReduce(values, reduction): the number of the collective.
  Napi::Value AllReduce(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, const std::shared_ptr<Arrays>& arrays) {
      const auto values = places(info[0], true, *arrays);
      return group.all_reduce(values, static_cast<Reduction>(integer(info[1])), arrays);
    });
  }

  /// broadcast(values, root)
  Napi::Value Broadcast(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, const std::shared_ptr<Arrays>& arrays) {
      const auto values = places(info[0], true, *arrays);
      return group.broadcast(values, integer(info[1]), arrays);
    });
  }

  /// reduceScatter(output, inputs, reduction)
  Napi::Value ReduceScatter(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, const std::shared_ptr<Arrays>& arrays) {
      const auto inputs = places(info[1], false, *arrays);
      const auto output = place(info[0], true, *arrays);
      return group.reduce_scatter(output, inputs, static_cast<Reduction>(integer(info[2])), arrays);
    });
  }

  /// allGather(outputs, input)
  Napi::Value AllGather(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, const std::shared_ptr<Arrays>& arrays) {
      const auto input = place(info[1], false, *arrays);
      const auto outputs = places(info[0], true, *arrays);
      return group.all_gather(outputs, input, arrays);
    });
  }

  Napi::Value Barrier(const Napi::CallbackInfo& info) {
    return start(info, [](Group& group, const std::shared_ptr<Arrays>&) { return group.barrier(); });
  }

  /// wait(collective, milliseconds): whether it is done.
  Napi::Value Wait(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      const InterruptCount counting;
      return Napi::Boolean::New(info.Env(), group().wait(integer(info[0]), milliseconds(info[1])));
    });
  }

  void Close(const Napi::CallbackInfo&) { connection_.reset(); }

  const EngineParts engine_;
  std::shared_ptr<Connection> connection_;
};

/// interrupts(): how many SIGINT and SIGTERM came while JavaScript waited for a collective, and the last one's number.
Napi::Value interrupts(const Napi::CallbackInfo& info) {
  int signal = 0;
  auto object = Napi::Object::New(info.Env());
  object["count"] = InterruptCount::total(signal);
  object["signal"] = signal;
  return object;
}

}  // namespace

void define_distributed(Napi::Env env, Napi::Object exports, TensorTable* table, const at::Device* device) {
  auto* engine = new EngineParts{table, device};
  exports.AddFinalizer([](Napi::Env, EngineParts* parts) { delete parts; }, engine);
  auto backends = Napi::Array::New(env);
  backends[0u] = "gloo";
#ifdef USE_C10D_NCCL
  backends[1u] = "nccl";
#endif
  auto distributed = Napi::Object::New(env);
  distributed["backends"] = backends;
  distributed["Store"] = StoreObject::define(env);
  distributed["Monitor"] = MonitorObject::define(env);
  distributed["ProcessGroup"] = GroupObject::define(env, engine);
  distributed["interrupts"] = Napi::Function::New(env, interrupts, "interrupts");
  exports["distributed"] = distributed;
}

}  // namespace pl

#else

namespace pl {

void define_distributed(Napi::Env, Napi::Object, TensorTable*, const at::Device*) {}

}  // namespace pl

#endif  // USE_C10D_GLOO
