#include "patient_thread.h"

#include <utility>

namespace pl {

PatientThread::PatientThread(std::function<void()> body) {
  std::packaged_task<void()> task([body = std::move(body)]() mutable { std::exchange(body, nullptr)(); });
  ended_ = task.get_future();
  thread_ = std::thread(std::move(task));
}

PatientThread::~PatientThread() { end(std::chrono::milliseconds(0)); }

void PatientThread::end(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return;
  if (ended_.wait_for(patience) == std::future_status::ready) {
    thread_.join();
    abrupt_exit_.reset();
  } else {
    thread_.detach();
    abrupt_exit_.release();
  }
}

}  // namespace pl
