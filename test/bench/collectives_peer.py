"""One rank of torch.distributed, which answers as collectives-worker.ts does.

    python3 collectives_peer.py <rank> <port>
"""

import sys
import time

import torch
import torch.distributed as dist

rank, port = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
tensors = {}
for line in sys.stdin:
    size, times = (int(float(word)) for word in line.split())
    tensor = tensors.setdefault(size, torch.zeros(size // 4))
    dist.barrier()
    start = time.perf_counter()
    for _ in range(times):
        dist.all_reduce(tensor)
    print((time.perf_counter() - start) * 1000, flush=True)
