#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "abrupt_exit.h"

namespace pl {

/// A thread that may be held up, by a host that does not answer, in a call that nobody can end. Its owner waits for it
/// only so long.
class PatientThread {
 public:
  /// @param body owns all that it uses
  explicit PatientThread(std::function<void()> body);
  /// Does not wait.
  ~PatientThread();

  /// Joins the thread, or leaves it behind when it has not ended within the time.
  void end(std::chrono::milliseconds patience);

 private:
  std::unique_ptr<AbruptExit> abrupt_exit_ = std::make_unique<AbruptExit>();
  std::future<void> ended_;
  std::thread thread_;
};

}  // namespace pl
