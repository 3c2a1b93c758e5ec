#ifdef USE_C10D_GLOO

#include "store_client.h"

#include <utility>

namespace pl {

namespace {

constexpr std::chrono::milliseconds kClosePatience(200);

}  // namespace

StoreClient::StoreClient(const StoreAddress& address, bool hosts)
    : thread_([address, hosts, shared = shared_] { serve(address, hosts, *shared); }) {}

StoreClient::~StoreClient() {
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  thread_.end(kClosePatience);
}

void StoreClient::add(std::string key, int64_t number) {
  ask([key = std::move(key), number](c10d::Store& store) {
    Answer answer;
    answer.sum = store.add(key, number);
    return answer;
  });
}

void StoreClient::set(std::string key, std::string text) {
  ask([key = std::move(key), text = std::move(text)](c10d::Store& store) {
    store.set(key, bytes_of(text));
    return Answer();
  });
}

void StoreClient::get(std::vector<std::string> keys) {
  ask([keys = std::move(keys)](c10d::Store& store) {
    Answer answer;
    for (const std::string& key : keys) {
      answer.texts.emplace_back();
      if (store.check({key})) answer.texts.back() = text_of(store.get(key));
    }
    return answer;
  });
}

void StoreClient::ask(Request request) {
  {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    TORCH_CHECK(!shared_->busy, "the store is at work on another request");
    shared_->request = std::move(request);
    shared_->busy = true;
  }
  shared_->changed.notify_all();
}

bool StoreClient::answered(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  if (!shared_->changed.wait_for(lock, patience, [&] { return !shared_->busy; })) return false;
  if (shared_->problem != nullptr) std::rethrow_exception(shared_->problem);
  return true;
}

void StoreClient::serve(const StoreAddress& address, bool hosts, Shared& shared) {
  c10::intrusive_ptr<c10d::Store> server;
  c10::intrusive_ptr<c10d::Store> store;
  std::exception_ptr problem;
  try {
    if (hosts) server = host_store(address);
    store = connect_store(address, "ranks");
  } catch (...) {
    problem = std::current_exception();
  }
  std::unique_lock<std::mutex> lock(shared.mutex);
  for (;;) {
    shared.problem = problem;
    shared.busy = false;
    shared.changed.notify_all();
    shared.changed.wait(lock, [&] { return shared.stopping || shared.busy; });
    if (shared.stopping) return;
    // The first problem is the last: a connection that broke is of no use.
    if (problem != nullptr) continue;
    const Request request = std::exchange(shared.request, nullptr);
    lock.unlock();
    Answer answer;
    try {
      answer = request(*store);
    } catch (...) {
      problem = std::current_exception();
    }
    lock.lock();
    shared.answer = std::move(answer);
  }
}

}  // namespace pl

#endif  // USE_C10D_GLOO
