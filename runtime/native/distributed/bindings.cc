#include "bindings.h"

#ifdef USE_C10D_GLOO

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "group_object.h"
#include "interrupts.h"
#include "monitor.h"
#include "patient_thread.h"
#include "resource.h"
#include "store_client.h"

namespace pl {

namespace {

/// A connection to the store, and on the rank that hosts it the store itself. Methods send requests, one at a time.
class StoreObject : public Resource<StoreObject, Environment::kStore> {
 public:
  static Napi::Function define(Napi::Env env, std::shared_ptr<Environment>* environment) {
    return DefineClass(env, "Store",
                       {
                           InstanceMethod("add", &StoreObject::Add),
                           InstanceMethod("set", &StoreObject::Set),
                           InstanceMethod("get", &StoreObject::Get),
                           InstanceMethod("answer", &StoreObject::Answer),
                           InstanceMethod("close", &StoreObject::Close),
                       },
                       environment);
  }

  /// new Store(address, hosts): the first request.
  explicit StoreObject(const Napi::CallbackInfo& info)
      : Resource(info),
        client_(std::make_unique<StoreClient>(store_address(info[0].As<Napi::Object>()), info[1].ToBoolean())) {}

 private:
  StoreClient& client() {
    TORCH_CHECK(client_ != nullptr, "the connection to the store is closed");
    return *client_;
  }

  /// add(key, number): the answer's `sum` is that of all that was added.
  void Add(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { client().add(text(info[0]), info[1].As<Napi::Number>().Int64Value()); });
  }

  void Set(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] { client().set(text(info[0]), text(info[1])); });
  }

  /// get(keys): the answer's `texts` are undefined where there is none yet.
  void Get(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const auto list = info[0].As<Napi::Array>();
      std::vector<std::string> keys;
      for (uint32_t i = 0; i < list.Length(); ++i) keys.push_back(text(list[i]));
      client().get(std::move(keys));
    });
  }

  /// answer(milliseconds): undefined while there is none. Throws what keeps the store from answering.
  Napi::Value Answer(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
      if (!client().answered(milliseconds(info[0]))) return env.Undefined();
      const StoreClient::Answer& answer = client().answer();
      auto texts = Napi::Array::New(env, answer.texts.size());
      for (uint32_t i = 0; i < answer.texts.size(); ++i) {
        if (answer.texts[i]) texts[i] = *answer.texts[i];
      }
      auto object = Napi::Object::New(env);
      object["sum"] = static_cast<double>(answer.sum);
      object["texts"] = texts;
      return object;
    });
  }

  void close() override { client_.reset(); }

  std::unique_ptr<StoreClient> client_;
};

class MonitorObject : public Resource<MonitorObject, Environment::kMonitor> {
 public:
  static Napi::Function define(Napi::Env env, std::shared_ptr<Environment>* environment) {
    return DefineClass(env, "Monitor",
                       {
                           InstanceMethod("setActivity", &MonitorObject::SetActivity),
                           InstanceMethod("publish", &MonitorObject::Publish),
                           InstanceMethod("flush", &MonitorObject::Flush),
                           InstanceMethod("watchAll", &MonitorObject::WatchAll),
                           InstanceMethod("report", &MonitorObject::Report),
                           InstanceMethod("close", &MonitorObject::Close),
                       },
                       environment);
  }

  /// new Monitor(address, rank, worldSize)
  explicit MonitorObject(const Napi::CallbackInfo& info)
      : Resource(info),
        monitor_(
            std::make_shared<Monitor>(store_address(info[0].As<Napi::Object>()), integer(info[1]), integer(info[2]))),
        thread_([monitor = monitor_] { monitor->run(); }) {}

  ~MonitorObject() override { close(); }

 private:
  void SetActivity(const Napi::CallbackInfo& info) { monitor_->set_activity(text(info[0])); }
  void Publish(const Napi::CallbackInfo& info) { monitor_->publish(text(info[0])); }
  Napi::Value Flush(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), monitor_->flush(milliseconds(info[0])));
  }
  void WatchAll(const Napi::CallbackInfo&) { monitor_->watch_all(); }

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

  void close() override {
    monitor_->stop();
    thread_.end(kClosePatience);
  }

  const std::shared_ptr<Monitor> monitor_;
  PatientThread thread_;
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
  auto* environment = new std::shared_ptr<Environment>(new Environment{table, device, {}});
  exports.AddFinalizer([](Napi::Env, std::shared_ptr<Environment>* pointer) { delete pointer; }, environment);
  env.AddCleanupHook([shared = *environment] { shared->close_all(); });
  auto backends = Napi::Array::New(env);
  backends[0u] = "gloo";
#ifdef USE_C10D_NCCL
  backends[1u] = "nccl";
#endif
  auto distributed = Napi::Object::New(env);
  distributed["backends"] = backends;
  distributed["Store"] = StoreObject::define(env, environment);
  distributed["Monitor"] = MonitorObject::define(env, environment);
  distributed["ProcessGroup"] = define_group(env, environment);
  distributed["interrupts"] = Napi::Function::New(env, interrupts, "interrupts");
  exports["distributed"] = distributed;
}

}  // namespace pl

#else

namespace pl {

void define_distributed(Napi::Env, Napi::Object, TensorTable*, const at::Device*) {}

}  // namespace pl

#endif  // USE_C10D_GLOO
