#ifdef USE_C10D_GLOO

#include "process_group.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>

#include <thread>
#include <utility>

namespace pl {

namespace {

/// As many collectives at once as torch.distributed has gloo run.
constexpr int kGlooThreads = 2;
constexpr std::chrono::microseconds kGpuPoll(50);

c10d::ReduceOp reduce_op(Reduction op) {
  switch (op) {
    case Reduction::kSum:
    case Reduction::kMean:
      return c10d::ReduceOp::SUM;
    case Reduction::kMin:
      return c10d::ReduceOp::MIN;
    case Reduction::kMax:
      return c10d::ReduceOp::MAX;
    case Reduction::kProduct:
      return c10d::ReduceOp::PRODUCT;
  }
  TORCH_CHECK(false, "reduction ", static_cast<int32_t>(op), " does not exist");
}

/// The sum of all ranks becomes their mean: for no backend is it the same operation on every device.
void divide(at::Tensor& sum, int size) {
  if (sum.is_floating_point()) {
    sum.div_(size);
  } else {
    sum.div_(size, "trunc");
  }
}

void combine(at::Tensor& into, const at::Tensor& values, Reduction op) {
  switch (op) {
    case Reduction::kSum:
    case Reduction::kMean:
      into.add_(values);
      break;
    case Reduction::kMin:
      at::minimum_out(into, into, values);
      break;
    case Reduction::kMax:
      at::maximum_out(into, into, values);
      break;
    case Reduction::kProduct:
      into.mul_(values);
      break;
  }
}

std::vector<Operand> operands_of(const std::vector<at::Tensor>& places, at::Device device,
                                 Operand (*operand)(const at::Tensor&, at::Device)) {
  std::vector<Operand> operands;
  operands.reserve(places.size());
  for (const at::Tensor& place : places) operands.push_back(operand(place, device));
  return operands;
}

std::vector<at::Tensor> wires_of(const std::vector<Operand>& operands) {
  std::vector<at::Tensor> wires;
  wires.reserve(operands.size());
  for (const Operand& operand : operands) wires.push_back(operand.wire);
  return wires;
}

}  // namespace

Pending::Pending(std::vector<c10::intrusive_ptr<c10d::Work>> works, bool on_gpu, std::function<void()> deliver,
                 std::function<void()> then)
    : works_(std::move(works)),
      on_gpu_(on_gpu),
      deliver_(std::move(deliver)),
      then_(std::move(then)),
      count_(std::make_shared<Count>()) {
  if (on_gpu_) return;
  count_->open = works_.size();
  for (const auto& work : works_) {
    work->getFuture()->addCallback([count = count_](c10::ivalue::Future& future) {
      {
        std::lock_guard<std::mutex> lock(count->mutex);
        if (future.hasError()) count->problem = future.exception_ptr();
        --count->open;
      }
      count->changed.notify_all();
    });
  }
}

bool Pending::ended(std::chrono::milliseconds patience) {
  if (on_gpu_) return ended_on_gpu(patience);
  std::unique_lock<std::mutex> lock(count_->mutex);
  // One that failed may have left the others waiting for what never comes.
  return count_->changed.wait_for(lock, patience, [&] { return count_->open == 0 || count_->problem != nullptr; });
}

/// The futures of works on a GPU are complete when these are queued.
bool Pending::ended_on_gpu(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (const auto& work : works_) {
    while (!work->isCompleted()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(kGpuPoll);
    }
    if (work->exception() == nullptr) continue;
    count_->problem = work->exception();
    return true;
  }
  return true;
}

void Pending::finish() {
  if (count_->problem != nullptr) std::rethrow_exception(count_->problem);
  if (on_gpu_) {
    for (const auto& work : works_) work->synchronize();
  }
  c10::InferenceMode normal(false);
  if (deliver_) deliver_();
  if (then_) then_();
}

Group::Group(const GroupOptions& options) : device_(options.device), size_(options.size) {
  const auto store = connect_store(options.store, "group");
  c10::OptionalDeviceGuard guard;
  if (device_.is_cpu()) {
    backend_ = "gloo";
    const auto gloo = c10d::ProcessGroupGloo::Options::create(options.timeout);
    gloo->threads = kGlooThreads;
    gloo->devices.push_back(options.interface.empty()
                                ? c10d::ProcessGroupGloo::createDeviceForHostname(options.address)
                                : c10d::ProcessGroupGloo::createDeviceForInterface(options.interface));
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store, options.rank, options.size, gloo);
    return;
  }
#ifdef USE_C10D_NCCL
  backend_ = "nccl";
  guard.reset_device(device_);
  const auto nccl = c10d::ProcessGroupNCCL::Options::create();
  nccl->timeout = options.timeout;
  const auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, options.rank, options.size, nccl);
  abort_ = [group] { abort_group(*group, 0); };
  group_ = group;
  // NCCL connects the ranks in their first collective.
  while (!wait(barrier(), std::chrono::milliseconds(1000))) {
  }
#else
  TORCH_CHECK(false, "this addon was built without NCCL");
#endif
}

/// A backend that waits for a rank which never comes cannot be destroyed: then it goes with the process.
Group::~Group() {
  bool idle = !failed_;
  for (const auto& entry : pending_) idle = idle && entry.second->ended(std::chrono::milliseconds(0));
  if (idle) return;
  if (abort_) abort_();
  new c10::intrusive_ptr<Backend>(std::move(group_));
  for (auto& entry : pending_) entry.second.release();
  abrupt_exit_.release();
}

int32_t Group::add(std::vector<c10::intrusive_ptr<c10d::Work>> works, std::function<void()> deliver,
                   std::function<void()> then) {
  const int32_t id = next_++;
  pending_[id] = std::make_unique<Pending>(std::move(works), !device_.is_cpu(), std::move(deliver), std::move(then));
  return id;
}

int32_t Group::all_reduce(const std::vector<at::Tensor>& values, Reduction op, std::function<void()> then) {
  c10::OptionalDeviceGuard guard(device_.is_cpu() ? c10::optional<at::Device>() : device_);
  const auto parcels = std::make_shared<Parcels>(operands_of(values, device_, reduced));
  c10d::AllreduceOptions options;
  options.reduceOp = reduce_op(op);
  std::vector<c10::intrusive_ptr<c10d::Work>> works;
  for (const at::Tensor& tensor : parcels->tensors()) {
    std::vector<at::Tensor> one{tensor};
    works.push_back(group_->allreduce(one, options));
  }
  const auto deliver = [parcels, op, size = size_] {
    if (op == Reduction::kMean) {
      for (at::Tensor& tensor : parcels->tensors()) divide(tensor, size);
    }
    parcels->deliver();
  };
  return add(std::move(works), deliver, std::move(then));
}

int32_t Group::broadcast(const std::vector<at::Tensor>& values, int root, std::function<void()> then) {
  c10::OptionalDeviceGuard guard(device_.is_cpu() ? c10::optional<at::Device>() : device_);
  const auto parcels = std::make_shared<Parcels>(operands_of(values, device_, moved));
  c10d::BroadcastOptions options;
  options.rootRank = root;
  std::vector<c10::intrusive_ptr<c10d::Work>> works;
  for (const at::Tensor& tensor : parcels->tensors()) {
    std::vector<at::Tensor> one{tensor};
    works.push_back(group_->broadcast(one, options));
  }
  return add(std::move(works), [parcels] { parcels->deliver(); }, std::move(then));
}

/// Gloo has no reduce-scatter for all versions: there, every rank gets its part of all others and reduces it itself, in
/// the order of ranks, which moves as few bytes.
int32_t Group::reduce_scatter(const at::Tensor& output, const std::vector<at::Tensor>& inputs, Reduction op,
                              std::function<void()> then) {
  c10::OptionalDeviceGuard guard(device_.is_cpu() ? c10::optional<at::Device>() : device_);
  if (output.numel() == 0) return add({}, nullptr, std::move(then));
  c10::InferenceMode normal(false);
  const auto target = std::make_shared<Operand>(reduced(output, device_));
  std::vector<at::Tensor> wires = wires_of(operands_of(inputs, device_, reduced));
  if (!device_.is_cpu()) {
    c10d::ReduceScatterOptions options;
    options.reduceOp = reduce_op(op);
    std::vector<at::Tensor> outputs{target->wire};
    std::vector<std::vector<at::Tensor>> lists{std::move(wires)};
    const auto deliver = [target, op, size = size_] {
      if (op == Reduction::kMean) divide(target->wire, size);
      target->deliver();
    };
    return add({group_->reduce_scatter(outputs, lists, options)}, deliver, std::move(then));
  }
  at::Tensor sent = at::cat(wires);
  at::Tensor received = at::empty_like(sent);
  std::vector<int64_t> equal;
  const auto work = group_->alltoall_base(received, sent, equal, equal);
  const auto deliver = [target, sent, received, op, size = size_] {
    const std::vector<at::Tensor> parts = received.chunk(size);
    at::Tensor result = parts[0];
    for (int rank = 1; rank < size; ++rank) combine(result, parts[rank], op);
    if (op == Reduction::kMean) divide(result, size);
    target->wire = result;
    target->deliver();
  };
  return add({work}, deliver, std::move(then));
}

int32_t Group::all_gather(const std::vector<at::Tensor>& outputs, const at::Tensor& input,
                          std::function<void()> then) {
  c10::OptionalDeviceGuard guard(device_.is_cpu() ? c10::optional<at::Device>() : device_);
  if (input.numel() == 0) return add({}, nullptr, std::move(then));
  const auto targets = std::make_shared<std::vector<Operand>>(operands_of(outputs, device_, moved));
  std::vector<std::vector<at::Tensor>> lists{wires_of(*targets)};
  std::vector<at::Tensor> inputs{moved(input, device_).wire};
  const auto deliver = [targets] {
    for (Operand& target : *targets) target.deliver();
  };
  return add({group_->allgather(lists, inputs)}, deliver, std::move(then));
}

int32_t Group::barrier() {
  if (device_.is_cpu()) return add({group_->barrier()}, nullptr, nullptr);
  // c10d's own would guess the device.
  c10::InferenceMode normal(false);
  std::vector<at::Tensor> one{at::zeros({1}, at::TensorOptions().dtype(at::kFloat).device(device_))};
  return add({group_->allreduce(one)}, nullptr, nullptr);
}

bool Group::wait(int32_t id, std::chrono::milliseconds patience) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return true;
  if (!found->second->ended(patience)) return false;
  try {
    found->second->finish();
  } catch (...) {
    failed_ = true;
    throw;
  }
  pending_.erase(found);
  return true;
}

}  // namespace pl

#endif  // USE_C10D_GLOO
