#ifdef USE_C10D_GLOO

#include "monitor.h"

#include <algorithm>

namespace pl {

namespace {

constexpr std::chrono::milliseconds kTick(50);
constexpr std::chrono::milliseconds kRenewal(500);
/// States that a rank reads in a tick: what the store answers easily to as many ranks.
constexpr int kStatesPerTick = 16;

std::string message_key(int64_t i) { return "message/" + std::to_string(i); }
std::string state_key(int rank) { return "state/" + std::to_string(rank); }

int64_t milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

Monitor::Monitor(const StoreAddress& address, int rank, int size)
    : address_(address), rank_(rank), size_(size), watched_(size, Watched{"", Clock::now()}), answered_(Clock::now()) {}

void Monitor::set_activity(std::string activity) {
  std::lock_guard<std::mutex> lock(mutex_);
  activity_ = std::move(activity);
}

void Monitor::publish(std::string message) {
  std::lock_guard<std::mutex> lock(mutex_);
  outbox_.push_back(std::move(message));
  changed_.notify_all();
}

bool Monitor::flush(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return outbox_.empty() || stopped_; }) && outbox_.empty();
}

void Monitor::watch_all() {
  std::lock_guard<std::mutex> lock(mutex_);
  all_ = true;
}

Monitor::Report Monitor::report() {
  std::lock_guard<std::mutex> lock(mutex_);
  Report report;
  report.messages.swap(messages_);
  const Clock::time_point now = Clock::now();
  for (const Watched& watched : watched_) report.states.push_back({watched.text, milliseconds(now - watched.changed)});
  report.silence_ms = milliseconds(now - answered_);
  report.lost = lost_;
  return report;
}

void Monitor::stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void Monitor::run() {
  const std::chrono::milliseconds all_interval = std::min(kTick * ((size_ - 1) / kStatesPerTick), kRenewal);
  std::string lost;
  try {
    const auto store = connect_store(address_, "monitor");
    Clock::time_point renewed = Clock::now() - kRenewal;
    for (;;) {
      std::string activity;
      std::deque<std::string> outbox;
      bool all = false;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait_for(lock, kTick, [&] { return stopping_ || !outbox_.empty(); });
        if (stopping_ && outbox_.empty()) break;
        outbox = outbox_;
        activity = activity_;
        all = all_;
      }
      for (const std::string& message : outbox) send(*store, message);
      const int64_t before = received_;
      receive(*store);
      const Clock::time_point now = Clock::now();
      if (now >= renewed + (all ? all_interval : kRenewal) || received_ != before) {
        renew(*store, activity);
        watch(*store, all);
        renewed = now;
      }
      std::lock_guard<std::mutex> lock(mutex_);
      outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(outbox.size()));
      answered_ = Clock::now();
      changed_.notify_all();
    }
  } catch (const c10::Error& error) {
    lost = error.what_without_backtrace();
  } catch (const std::exception& error) {
    lost = error.what();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  lost_ = lost.substr(0, lost.find('\n'));
  stopped_ = true;
  changed_.notify_all();
}

/// Takes the first place that is free.
void Monitor::send(c10d::Store& store, const std::string& message) {
  const std::vector<uint8_t> own = bytes_of(std::to_string(rank_) + '\n' + message);
  for (int64_t i = received_; store.compareSet(message_key(i), {}, own) != own; ++i) {
  }
}

void Monitor::receive(c10d::Store& store) {
  while (store.check({message_key(received_)})) {
    const std::string message = text_of(store.get(message_key(received_++)));
    std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(message.substr(message.find('\n') + 1));
  }
}

void Monitor::renew(c10d::Store& store, const std::string& activity) {
  const std::string text = std::to_string(renewed_++) + ' ' + std::to_string(received_) + ' ' + activity;
  store.set(state_key(rank_), bytes_of(text));
}

void Monitor::watch(c10d::Store& store, bool all) {
  const int count = all || rank_ == 0 ? size_ : 1;
  for (int rank = 0; rank < count; ++rank) {
    // A rank that has only just joined has no state yet.
    if (!store.check({state_key(rank)})) continue;
    std::string text = text_of(store.get(state_key(rank)));
    std::lock_guard<std::mutex> lock(mutex_);
    if (text == watched_[rank].text) continue;
    watched_[rank] = {std::move(text), Clock::now()};
  }
}

}  // namespace pl

#endif  // USE_C10D_GLOO
