#pragma once

#ifdef USE_C10D_GLOO

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "patient_thread.h"
#include "store.h"

namespace pl {

/// A connection to the store, and on the rank that hosts it the store itself, in a thread of its own: a store that does
/// not answer holds nobody else up. One request at a time.
class StoreClient {
 public:
  struct Answer {
    int64_t sum = 0;
    std::vector<c10::optional<std::string>> texts;
  };

  /// Connecting is the first request.
  StoreClient(const StoreAddress& address, bool hosts);
  /// Closes the connection, and the store.
  ~StoreClient();

  /// Adds to a number. The answer has the sum.
  void add(std::string key, int64_t number);
  void set(std::string key, std::string text);
  /// The answer has a text for each key that there is one for.
  void get(std::vector<std::string> keys);

  /// Whether the request is answered within the time. @throws what kept it from that
  bool answered(std::chrono::milliseconds patience);
  const Answer& answer() const { return shared_->answer; }

 private:
  using Request = std::function<Answer(c10d::Store&)>;

  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    Request request;
    Answer answer;
    std::exception_ptr problem;
    bool busy = true;
    bool stopping = false;
  };

  static void serve(const StoreAddress& address, bool hosts, Shared& shared);
  void ask(Request request);

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  PatientThread thread_;
};

}  // namespace pl

#endif  // USE_C10D_GLOO
