#pragma once

#ifdef USE_C10D_GLOO

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store.h"

namespace pl {

/// Exchanges with the other ranks, through the store and from a thread that runs `run`, what they have to know of each
/// other when a collective does not end: messages, which all ranks get in the same order, and each rank's state, which it
/// renews several times a second for as long as its process runs. JavaScript decides what follows from it.
class Monitor {
 public:
  /// What a rank last said of itself, and when this process last saw it change.
  struct State {
    std::string text;
    int64_t age_ms = 0;
  };

  struct Report {
    /// Those that were not reported before.
    std::vector<std::string> messages;
    /// By rank; only of those that this rank watches.
    std::vector<State> states;
    /// How long the store has not answered.
    int64_t silence_ms = 0;
    /// What ended the connection to the store; empty while there is one.
    std::string lost;
  };

  Monitor(const StoreAddress& address, int rank, int size);

  /// The thread's work, until `stop` or until the connection is lost.
  void run();

  /// The rest of this rank's state: what it is doing.
  void set_activity(std::string activity);
  /// Sends a message to all ranks, this one included.
  void publish(std::string message);
  /// Whether everything was sent within the time.
  bool flush(std::chrono::milliseconds patience);
  /// Reads the states of all ranks, and as often as their number allows. Otherwise rank 0 reads those of all, the others
  /// that of rank 0, so that the store's work grows with the number of ranks and not with its square.
  void watch_all();
  Report report();
  /// Has `run` end when everything was sent. A store that does not answer holds it up.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    std::string text;
    Clock::time_point changed;
  };

  void send(c10d::Store& store, const std::string& message);
  void receive(c10d::Store& store);
  void renew(c10d::Store& store, const std::string& activity);
  void watch(c10d::Store& store, bool all);

  const StoreAddress address_;
  const int rank_;
  const int size_;

  // Only the thread's.
  int64_t received_ = 0;
  int64_t renewed_ = 0;

  // Under the mutex.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string activity_;
  std::deque<std::string> outbox_;
  std::vector<std::string> messages_;
  std::vector<Watched> watched_;
  Clock::time_point answered_;
  std::string lost_;
  bool all_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace pl

#endif  // USE_C10D_GLOO
