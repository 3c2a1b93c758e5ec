"""The all-reduce of ddp-worker.ts with gloo, driven and placed as that is.

    python3 ddp_peer.py <bytes>
"""

import json
import sys
import time

import torch
import torch.distributed as dist

torch.set_num_threads(1)
dist.init_process_group("gloo")
values = torch.ones(int(sys.argv[1]) // 4)

for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        dist.barrier()
        start = time.perf_counter()
        # gloo has no mean.
        dist.all_reduce(values)
        values /= dist.get_world_size()
        times.append(1000 * (time.perf_counter() - start))
    print(json.dumps(times), flush=True)
