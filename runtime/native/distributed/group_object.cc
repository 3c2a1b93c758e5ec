#ifdef USE_C10D_GLOO

#include "group_object.h"

#include <c10/core/InferenceMode.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "interrupts.h"
#include "patient_thread.h"
#include "process_group.h"

namespace pl {

namespace {

/// What connects in a thread of its own, which may outlive the object that asked for it.
struct Connection {
  std::atomic<bool> ended{false};
  std::unique_ptr<Group> group;
  std::exception_ptr problem;
};

class GroupObject : public Resource<GroupObject, Environment::kGroup> {
 public:
  static Napi::Function define(Napi::Env env, std::shared_ptr<Environment>* environment) {
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
                       environment);
  }

  /// new ProcessGroup({store, rank, worldSize, backend, address, interface, timeoutMs})
  explicit GroupObject(const Napi::CallbackInfo& info)
      : Resource(info), connection_(std::make_shared<Connection>()) {
    const auto object = info[0].As<Napi::Object>();
    GroupOptions options;
    options.store = store_address(object.Get("store").As<Napi::Object>());
    options.rank = integer(object.Get("rank"));
    options.size = integer(object.Get("worldSize"));
    if (text(object.Get("backend")) == "nccl") options.device = *environment().device;
    options.address = text(object.Get("address"));
    options.interface = text(object.Get("interface"));
    options.timeout = milliseconds(object.Get("timeoutMs"));
    connecting_ = std::make_unique<PatientThread>([options, connection = connection_] {
      try {
        connection->group = std::make_unique<Group>(options);
      } catch (...) {
        connection->problem = std::current_exception();
      }
      connection->ended = true;
    });
  }

 private:
  /// A typed array that a collective writes, and the memory in which it does: one that was given up may come to an end
  /// after V8 has freed the array's.
  struct Copy {
    Napi::ObjectReference array;
    at::Tensor values;
  };
  using Copies = std::vector<Copy>;

  enum class Use { kRead, kWritten, kBoth };

  /// A collective's value: the handle of a tensor, or a typed array.
  at::Tensor place(const Napi::Value& value, Use use, Copies& copies) {
    if (value.IsNumber()) return alias_of(use == Use::kRead ? readable(integer(value)) : writable(integer(value)));
    const auto array = value.As<Napi::TypedArray>();
    c10::InferenceMode normal(false);
    at::Tensor values =
        at::empty({static_cast<int64_t>(array.ElementLength())}, at::TensorOptions().dtype(type_of(array)));
    if (use != Use::kWritten && values.nbytes() > 0) std::memcpy(values.data_ptr(), data_of(array), values.nbytes());
    if (use != Use::kRead) copies.push_back({Napi::Persistent(value.As<Napi::Object>()), values});
    return values;
  }

  std::vector<at::Tensor> places(const Napi::Value& values, Use use, Copies& copies) {
    const auto list = values.As<Napi::Array>();
    std::vector<at::Tensor> places;
    for (uint32_t i = 0; i < list.Length(); ++i) places.push_back(place(list[i], use, copies));
    return places;
  }

  static void write_back(const Copies& copies) {
    for (const Copy& copy : copies) {
      const auto array = copy.array.Value().As<Napi::TypedArray>();
      // An array that was transferred meanwhile has no memory any more.
      if (array.ByteLength() != copy.values.nbytes() || copy.values.nbytes() == 0) continue;
      std::memcpy(data_of(array), copy.values.data_ptr(), copy.values.nbytes());
    }
  }

  static uint8_t* data_of(const Napi::TypedArray& array) {
    return static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
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
    return environment().table->at(handle).contiguous().resolve_conj().resolve_neg();
  }

  /// In memory that no other handle sees.
  at::Tensor writable(Handle handle) {
    c10::InferenceMode inference;
    TensorTable& table = *environment().table;
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
      const auto copies = std::make_shared<Copies>();
      return Napi::Number::New(info.Env(), start(group(), *copies, [copies] { write_back(*copies); }));
    });
  }

  /// allReduce(values, reduction): the number of the collective.
  Napi::Value AllReduce(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, Copies& copies, const std::function<void()>& then) {
      const auto values = places(info[0], Use::kBoth, copies);
      return group.all_reduce(values, static_cast<Reduction>(integer(info[1])), then);
    });
  }

  /// broadcast(values, root)
  Napi::Value Broadcast(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, Copies& copies, const std::function<void()>& then) {
      const auto values = places(info[0], Use::kBoth, copies);
      return group.broadcast(values, integer(info[1]), then);
    });
  }

  /// reduceScatter(output, inputs, reduction)
  Napi::Value ReduceScatter(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, Copies& copies, const std::function<void()>& then) {
      const auto inputs = places(info[1], Use::kRead, copies);
      const auto output = place(info[0], Use::kWritten, copies);
      return group.reduce_scatter(output, inputs, static_cast<Reduction>(integer(info[2])), then);
    });
  }

  /// allGather(outputs, input)
  Napi::Value AllGather(const Napi::CallbackInfo& info) {
    return start(info, [&](Group& group, Copies& copies, const std::function<void()>& then) {
      const auto input = place(info[1], Use::kRead, copies);
      const auto outputs = places(info[0], Use::kWritten, copies);
      return group.all_gather(outputs, input, then);
    });
  }

  Napi::Value Barrier(const Napi::CallbackInfo& info) {
    return start(info, [](Group& group, Copies&, const std::function<void()>&) { return group.barrier(); });
  }

  /// wait(collective, milliseconds): whether it is done.
  Napi::Value Wait(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      const InterruptCount counting;
      return Napi::Boolean::New(info.Env(), group().wait(integer(info[0]), milliseconds(info[1])));
    });
  }

  void close() override {
    if (connection_ == nullptr) return;
    connecting_->end(kClosePatience);
    connection_.reset();
  }

  std::shared_ptr<Connection> connection_;
  std::unique_ptr<PatientThread> connecting_;
};

}  // namespace

Napi::Function define_group(Napi::Env env, std::shared_ptr<Environment>* environment) {
  return GroupObject::define(env, environment);
}

}  // namespace pl

#endif  // USE_C10D_GLOO
