#pragma once

#ifdef USE_C10D_GLOO

#include <ATen/ATen.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "abrupt_exit.h"
#include "c10d.h"
#include "operand.h"
#include "store.h"

namespace pl {

struct GroupOptions {
  StoreAddress store;
  int rank = 0;
  int size = 1;
  /// Of the tensors that the backend works on: the CPU for gloo, a GPU for NCCL.
  at::Device device{at::kCPU};
  /// What gloo listens on: an address of this host, or an interface of it.
  std::string address;
  std::string interface;
  /// What a collective may take, in the backend's own count.
  std::chrono::milliseconds timeout{0};
};

/// As JavaScript numbers them.
enum class Reduction : int32_t { kSum = 0, kMean = 1, kMin = 2, kMax = 3, kProduct = 4 };

/// A collective under way.
class Pending {
 public:
  /// @param deliver is run when all works are done, by who waits for them, and `then` after it
  Pending(std::vector<c10::intrusive_ptr<c10d::Work>> works, bool on_gpu, std::function<void()> deliver,
          std::function<void()> then);

  /// Whether it ended within the time, well or not.
  bool ended(std::chrono::milliseconds patience);
  /// Delivers the values. @throws what a work ended with
  void finish();

 private:
  struct Count {
    std::mutex mutex;
    std::condition_variable changed;
    size_t open = 0;
    std::exception_ptr problem;
  };

  bool ended_on_gpu(std::chrono::milliseconds patience);

  std::vector<c10::intrusive_ptr<c10d::Work>> works_;
  const bool on_gpu_;
  std::function<void()> deliver_;
  std::function<void()> then_;
  std::shared_ptr<Count> count_;
};

/// c10d's process group over one backend. All calls come from one thread.
class Group {
 public:
  /// Connects this rank with all others. Blocks until they are there. @throws std::exception
  explicit Group(const GroupOptions& options);
  ~Group();

  const std::string& backend() const { return backend_; }

  // Collectives: each returns a number, to wait with. The tensors are aliases, see alias_of, of memory that is the
  // tensors' own: a backend that was given up may still write to it. `then` is called by `wait` when the values are in
  // their places.
  int32_t all_reduce(const std::vector<at::Tensor>& values, Reduction op, std::function<void()> then);
  int32_t broadcast(const std::vector<at::Tensor>& values, int root, std::function<void()> then);
  int32_t reduce_scatter(const at::Tensor& output, const std::vector<at::Tensor>& inputs, Reduction op,
                         std::function<void()> then);
  int32_t all_gather(const std::vector<at::Tensor>& outputs, const at::Tensor& input, std::function<void()> then);
  int32_t barrier();

  /// Whether the collective is done, and its values are where they belong. @throws what it ended with
  bool wait(int32_t id, std::chrono::milliseconds patience);

 private:
  int32_t add(std::vector<c10::intrusive_ptr<c10d::Work>> works, std::function<void()> deliver,
              std::function<void()> then);

  std::unique_ptr<AbruptExit> abrupt_exit_ = std::make_unique<AbruptExit>();
  const at::Device device_;
  const int size_;
  std::string backend_;
  c10::intrusive_ptr<Backend> group_;
  std::function<void()> abort_;
  std::map<int32_t, std::unique_ptr<Pending>> pending_;
  int32_t next_ = 0;
  bool failed_ = false;
};

}  // namespace pl

#endif  // USE_C10D_GLOO
