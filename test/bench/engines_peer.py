"""The models of engine-models.ts in PyTorch, driven as engine-worker.ts is.

    python3 engines_peer.py <threads> <model> [device] [precision: 32-true, 16-mixed, bf16-mixed]

A builder returns the parameters in the order and with the layout of engine-models.ts (`layout` gives, for a tensor of
that layout, PyTorch's), the optimizer, the batch with its layouts, and the loss of a batch.
"""

import json
import resource
import sys
import time
from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
device = torch.device(sys.argv[3] if len(sys.argv) > 3 else "cpu")
precision = sys.argv[4] if len(sys.argv) > 4 else "32-true"
half = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}.get(precision)
scaler = torch.cuda.amp.GradScaler(enabled=precision == "16-mixed")


def same(shape):
    return lambda values: values.view(shape)


def dense(layer):
    inputs, outputs = layer.in_features, layer.out_features
    return [(layer.weight, lambda values: values.view(inputs, outputs).t()), (layer.bias, same(outputs))]


def conv(layer):
    shape = (*layer.kernel_size, layer.in_channels, layer.out_channels)
    return [(layer.weight, lambda values: values.view(shape).permute(3, 2, 0, 1)), (layer.bias, same(shape[3]))]


def norm(layer):
    return [(layer.weight, same(-1)), (layer.bias, same(-1))]


def mlp():
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)).to(device)
    batch = [(torch.randn(128, 784), same((128, 784))), (torch.randint(0, 10, (128,)), same(128))]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    params = [entry for layer in model[::2] for entry in dense(layer)]
    return params, optimizer, batch, lambda x, y: F.cross_entropy(model(x), y)


def cnn():
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    ).to(device)  # fmt: skip
    images = (torch.randn(64, 1, 28, 28), lambda values: values.view(64, 28, 28, 1).permute(0, 3, 1, 2))
    batch = [images, (torch.randint(0, 10, (64,)), same(64))]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    # The features are flattened with the channels first here, with the channels last there.
    flat = (model[6].weight, lambda values: values.view(12, 12, 64, 128).permute(3, 2, 0, 1).reshape(128, 9216))
    params = [*conv(model[0]), *conv(model[2]), flat, (model[6].bias, same(128)), *dense(model[8])]
    return params, optimizer, batch, lambda x, y: F.cross_entropy(model(x), y)


def attention(q, k, v, mask):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return F.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5 + mask, dim=-1) @ v


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def params(self):
        layers = (self.qkv, self.out, self.up, self.down)
        return [*norm(self.ln1), *norm(self.ln2), *(entry for layer in layers for entry in dense(layer))]

    def forward(self, x, mask):
        batch, time, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).split(d, dim=2)
        q, k, v = (t.view(batch, time, self.heads, d // self.heads).transpose(1, 2) for t in (q, k, v))
        mixed = attention(q, k, v, mask).transpose(1, 2).reshape(batch, time, d)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Transformer(nn.Module):
    def __init__(self, vocabulary, d, heads, layers, time):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, d), nn.Parameter(torch.randn(time, d) * 0.02)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary)
        self.register_buffer("mask", torch.triu(torch.full((time, time), -1e9), diagonal=1))

    def params(self):
        blocks = [entry for block in self.blocks for entry in block.params()]
        tables = [(table, same(table.shape)) for table in (self.tokens.weight, self.positions)]
        return [*tables, *blocks, *norm(self.norm), *dense(self.head)]

    def forward(self, ids):
        x = self.tokens(ids) + self.positions
        for block in self.blocks:
            x = block(x, self.mask)
        return self.head(self.norm(x))


def transformer(batch=16, time=64, vocabulary=256, **size):
    model = Transformer(vocabulary=vocabulary, time=time, **{"d": 128, "heads": 4, "layers": 2, **size}).to(device)
    tokens = [(torch.randint(0, vocabulary, (batch, time)), same((batch, time))) for _ in range(2)]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return model.params(), optimizer, tokens, lambda x, y: F.cross_entropy(model(x).view(-1, vocabulary), y.view(-1))


def gpt():
    return transformer(batch=8, time=512, vocabulary=8192, d=768, heads=12, layers=6)


def load(path):
    with open(path, "rb") as file:
        values = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
    offset = 0
    with torch.no_grad():
        for tensor, layout in [*params, *batch]:
            tensor.copy_(layout(values[offset : offset + tensor.numel()]))
            offset += tensor.numel()


def step():
    start = time.perf_counter()
    optimizer.zero_grad()
    with torch.autocast(device.type, dtype=half) if half else nullcontext():
        loss = loss_of(*(tensor for tensor, _ in batch))
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    value = loss.item()
    return (time.perf_counter() - start) * 1000, value


builders = {"mlp": mlp, "cnn": cnn, "transformer": transformer, "gpt": gpt}
params, optimizer, batch, loss_of = builders[sys.argv[2]]()
batch = [(tensor.to(device), layout) for tensor, layout in batch]
for line in sys.stdin:
    command, *rest = line.split()
    if command == "load":
        load(rest[0])
    steps = [] if command == "load" else [step() for _ in range(int(command))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times, losses = [time for time, _ in steps], [loss for _, loss in steps]
    print(json.dumps({"times": times, "losses": losses, "peak": peak}), flush=True)
