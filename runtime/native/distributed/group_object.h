#pragma once

#ifdef USE_C10D_GLOO

#include <napi.h>

#include <memory>

#include "resource.h"

namespace pl {

/// The class ProcessGroup: see NativeProcessGroup in distributed.ts.
Napi::Function define_group(Napi::Env env, std::shared_ptr<Environment>* environment);

}  // namespace pl

#endif  // USE_C10D_GLOO
