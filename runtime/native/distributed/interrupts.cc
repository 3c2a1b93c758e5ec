#include "interrupts.h"

#include <signal.h>

namespace pl {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
volatile sig_atomic_t total_count = 0;
volatile sig_atomic_t last_signal = 0;
struct sigaction before[2];

void count(int signal, siginfo_t* info, void* context) {
  total_count = total_count + 1;
  last_signal = signal;
  const struct sigaction& handler = before[signal == SIGINT ? 0 : 1];
  if ((handler.sa_flags & SA_SIGINFO) != 0) {
    handler.sa_sigaction(signal, info, context);
  } else {
    handler.sa_handler(signal);
  }
}

}  // namespace

InterruptCount::InterruptCount() {
  for (int i = 0; i < 2; ++i) {
    struct sigaction found;
    sigaction(kSignals[i], nullptr, &found);
    const bool handled = found.sa_handler != SIG_DFL && found.sa_handler != SIG_IGN;
    if (!handled || found.sa_sigaction == count) continue;
    before[i] = found;
    found.sa_sigaction = count;
    found.sa_flags |= SA_SIGINFO;
    sigaction(kSignals[i], &found, nullptr);
  }
}

InterruptCount::~InterruptCount() {
  for (int i = 0; i < 2; ++i) {
    struct sigaction now;
    sigaction(kSignals[i], nullptr, &now);
    if (now.sa_sigaction == count) sigaction(kSignals[i], &before[i], nullptr);
  }
}

int InterruptCount::total(int& signal) {
  signal = last_signal;
  return total_count;
}

}  // namespace pl
