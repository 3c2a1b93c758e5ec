#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <napi.h>
#include <torch/version.h>

#include <cstring>
#include <memory>
#include <string>

#include "call.h"
#include "distributed/bindings.h"
#include "heap.h"
#include "tensor_table.h"

#if defined(__GNUC__)
/// Where ATen's matrix products are OpenBLAS's with threads of its own, which ATen does not count.
extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));
#else
constexpr void (*openblas_set_num_threads)(int) = nullptr;
#endif

namespace pl {

namespace {

/// What one JavaScript thread has: its tensors, and the memory that it shares with the addon.
class Engine : public Napi::Addon<Engine> {
 public:
  Engine(Napi::Env env, Napi::Object exports) {
    keep_freed_memory();
    DefineAddon(exports, {
                             InstanceMethod("connect", &Engine::Connect),
                             InstanceMethod("write", &Engine::Write),
                             InstanceMethod("read", &Engine::Read),
                             InstanceMethod("flush", &Engine::Flush),
                             InstanceMethod("memory", &Engine::Memory),
                             InstanceMethod("resetPeak", &Engine::ResetPeak),
                             InstanceMethod("devices", &Engine::Devices),
                             InstanceMethod("device", &Engine::Device),
                             InstanceMethod("setDevice", &Engine::SetDevice),
                             InstanceMethod("setThreads", &Engine::SetThreads),
                             InstanceMethod("setMatmulPrecision", &Engine::SetMatmulPrecision),
                             InstanceMethod("typeOf", &Engine::TypeOf),
                             InstanceMethod("synchronize", &Engine::Synchronize),
                             InstanceMethod("seed", &Engine::Seed),
                             InstanceMethod("lastError", &Engine::LastError),
                             InstanceMethod("smoke", &Engine::Smoke),
                         });
    exports["version"] = Napi::String::New(env, TORCH_VERSION);
    auto names = Napi::Array::New(env, operations().size());
    for (uint32_t i = 0; i < operations().size(); ++i) names[i] = operations()[i].name;
    exports["operations"] = names;
    define_distributed(env, exports, &table_, &device_);

    // The hot path goes without the wrapper: no arguments, no result.
    napi_value exec;
    napi_create_function(env, "exec", NAPI_AUTO_LENGTH, Exec, this, &exec);
    exports["exec"] = Napi::Value(env, exec);
  }

 private:
  static napi_value Exec(napi_env env, napi_callback_info info) {
    void* engine = nullptr;
    napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &engine);
    static_cast<Engine*>(engine)->Run(env);
    return nullptr;
  }

  void Run(napi_env env) noexcept {
    FreeQueued();
    exchange_.out[0] = 0;
    const auto op = static_cast<size_t>(exchange_.ints[0] & 0xffff);
    Call call(exchange_, table_, device_, op < operations().size() ? operations()[op].policy : CastPolicy::kFloat32);
    try {
      TORCH_CHECK(op < operations().size(), "operation ", op, " does not exist");
      c10::InferenceMode inference;
      c10::OptionalDeviceGuard guard;
      if (!device_.is_cpu()) guard.reset_device(device_);
      operations()[op].run(call);
    } catch (const c10::Error& error) {
      Fail(op, call, error.what_without_backtrace());
    } catch (const std::exception& error) {
      Fail(op, call, error.what());
    }
    TellCollector(env);
  }

  /// Takes back what the operation gave so far, and keeps the reason.
  void Fail(size_t op, Call& call, const std::string& reason) {
    int32_t* out = exchange_.out;
    for (int32_t i = 0, at = 1; i < out[0]; ++i, at += 3 + out[at + 2]) table_.free(out[at]);
    out[0] = -1;
    const std::string name = op < operations().size() ? operations()[op].name : std::to_string(op);
    error_ = name + " of " + call.describe_operands() + ": " + reason.substr(0, reason.find('\n'));
  }

  void FreeQueued() {
    int32_t* freed = exchange_.freed;
    for (int32_t i = 1; i <= freed[0]; ++i) table_.free(freed[i]);
    freed[0] = 0;
  }

  /// V8 sees only handles. It has to know what they stand for, to collect forgotten ones in time.
  void TellCollector(napi_env env) {
    constexpr int64_t kStep = 32 << 20;
    const int64_t change = table_.bytes() - told_bytes_;
    if (change < kStep && change > -kStep) return;
    int64_t total = 0;
    napi_adjust_external_memory(env, change, &total);
    told_bytes_ += change;
  }

  void Connect(const Napi::CallbackInfo& info) {
    auto ints = info[0].As<Napi::Int32Array>();
    auto floats = info[1].As<Napi::Float64Array>();
    auto out = info[2].As<Napi::Int32Array>();
    auto freed = info[3].As<Napi::Int32Array>();
    exchange_.ints = ints.Data();
    exchange_.floats = floats.Data();
    exchange_.out = out.Data();
    exchange_.out_capacity = static_cast<int32_t>(out.ElementLength());
    exchange_.freed = freed.Data();
    buffers_.clear();
    for (size_t i = 0; i < 4; ++i) buffers_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
  }

  /// write(values): a tensor of the type and shape in `ints` (type, rank, dimensions). Returns its handle.
  Napi::Value Write(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      FreeQueued();
      const at::ScalarType type = scalar_type(exchange_.ints[0]);
      const Ints shape(exchange_.ints + 2, exchange_.ints + 2 + exchange_.ints[1]);
      const auto values = info[0].As<Napi::TypedArray>();
      c10::InferenceMode inference;
      at::Tensor host = at::empty(shape, at::TensorOptions().dtype(type));
      TORCH_CHECK(host.nbytes() == values.ByteLength(), "a tensor of shape ", host.sizes(), " has ", host.nbytes(),
                  " bytes, but its values have ", values.ByteLength());
      if (host.nbytes() > 0) std::memcpy(host.data_ptr(), Bytes(values), host.nbytes());
      const Handle handle = table_.add(device_.is_cpu() ? std::move(host) : host.to(device_));
      TellCollector(info.Env());
      return Napi::Number::New(info.Env(), handle);
    });
  }

  /// read(handle, target): copies the values into a typed array of the right type and length.
  Napi::Value Read(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      FreeQueued();
      c10::InferenceMode inference;
      at::Tensor tensor = table_.at(info[0].As<Napi::Number>().Int32Value());
      if (is_16_bit(tensor.scalar_type())) tensor = tensor.to(at::kFloat);
      tensor = tensor.to(at::kCPU).contiguous().resolve_conj().resolve_neg();
      const auto target = info[1].As<Napi::TypedArray>();
      TORCH_CHECK(tensor.nbytes() == target.ByteLength(), "a tensor of ", tensor.nbytes(),
                  " bytes does not fit an array of ", target.ByteLength());
      if (tensor.nbytes() > 0) std::memcpy(Bytes(target), tensor.data_ptr(), tensor.nbytes());
      return info.Env().Undefined();
    });
  }

  static uint8_t* Bytes(const Napi::TypedArray& array) {
    return static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  }

  void Flush(const Napi::CallbackInfo& info) {
    FreeQueued();
    TellCollector(info.Env());
  }

  Napi::Value Memory(const Napi::CallbackInfo& info) {
    FreeQueued();
    auto memory = Napi::Object::New(info.Env());
    memory["bytes"] = static_cast<double>(table_.bytes());
    memory["peakBytes"] = static_cast<double>(table_.peak_bytes());
    memory["tensors"] = static_cast<double>(table_.size());
    return memory;
  }

  void ResetPeak(const Napi::CallbackInfo&) { table_.reset_peak(); }

  Napi::Value Devices(const Napi::CallbackInfo& info) {
    auto names = Napi::Array::New(info.Env());
    names[0u] = "cpu";
    uint32_t count = 1;
    for (const auto type : {at::kCUDA, at::kMPS}) {
      for (int i = 0; i < DeviceCount(type); ++i) {
        names[count++] = at::Device(type, type == at::kMPS ? -1 : i).str();
      }
    }
    return names;
  }

  static int DeviceCount(at::DeviceType type) {
    if (!c10::impl::hasDeviceGuardImpl(type)) return 0;
    try {
      return c10::impl::VirtualGuardImpl(type).deviceCount();
    } catch (const std::exception&) {
      return 0;
    }
  }

  Napi::Value Device(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), device_.str()); }

  Napi::Value SetDevice(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const at::Device device(info[0].As<Napi::String>().Utf8Value());
      TORCH_CHECK(device.is_cpu() || DeviceCount(device.type()) > std::max<int>(device.index(), 0), "there is no device ",
                  device.str());
      device_ = device;
      return info.Env().Undefined();
    });
  }

  void SetThreads(const Napi::CallbackInfo& info) {
    const int threads = info[0].As<Napi::Number>().Int32Value();
    at::set_num_threads(threads);
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(threads);
  }

  /// How exact products of float32 are: highest, high or medium.
  void SetMatmulPrecision(const Napi::CallbackInfo& info) {
    const std::string precision = info[0].As<Napi::String>().Utf8Value();
    at::globalContext().setFloat32MatmulPrecision(precision);
    at::globalContext().setAllowTF32CuDNN(precision != "highest");
  }

  /// The type of the numbers behind a handle, in libtorch's words: tfjs knows no 16 bits.
  Napi::Value TypeOf(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const at::Tensor& tensor = table_.at(info[0].As<Napi::Number>().Int32Value());
      return Napi::String::New(info.Env(), c10::toString(tensor.scalar_type()));
    });
  }

  Napi::Value Synchronize(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      if (!device_.is_cpu()) {
        const c10::impl::VirtualGuardImpl guard(device_.type());
        guard.synchronizeStream(guard.getStream(device_));
      }
      return info.Env().Undefined();
    });
  }

  /// seed(value, device): a device has a generator of its own.
  Napi::Value Seed(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const auto value = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
      const at::Device device = info[1].IsString() ? at::Device(info[1].As<Napi::String>().Utf8Value()) : device_;
      at::Generator generator = at::globalContext().defaultGenerator(device);
      std::lock_guard<std::mutex> lock(generator.mutex());
      generator.set_current_seed(value);
      return info.Env().Undefined();
    });
  }

  Napi::Value LastError(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), error_); }

  /// Whether a small product comes out right: what a build is tried with.
  Napi::Value Smoke(const Napi::CallbackInfo& info) {
    return Guarded(info, [&] {
      const at::Tensor product = at::matmul(at::full({2, 3}, 2.0), at::full({3, 2}, 0.5));
      return Napi::Boolean::New(info.Env(), product.eq(3.0).all().item<bool>());
    });
  }

  template <typename Body>
  static Napi::Value Guarded(const Napi::CallbackInfo& info, Body body) {
    try {
      return body();
    } catch (const c10::Error& error) {
      throw Napi::Error::New(info.Env(), error.what_without_backtrace());
    } catch (const Napi::Error&) {
      throw;
    } catch (const std::exception& error) {
      throw Napi::Error::New(info.Env(), error.what());
    }
  }

  TensorTable table_;
  Exchange exchange_;
  at::Device device_{at::kCPU};
  std::string error_;
  int64_t told_bytes_ = 0;
  std::vector<Napi::ObjectReference> buffers_;
};

}  // namespace

NODE_API_ADDON(Engine)

}  // namespace pl
