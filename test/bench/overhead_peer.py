"""The variants of overhead-worker.ts with PyTorch and real Lightning, answered in the same way.

    python3 overhead_peer.py <variant> <steps>
"""

import json
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings

import torch
from torch import nn
from torch.nn import functional as F

try:
    import lightning.pytorch as pl
    from lightning.pytorch.loggers import CSVLogger
except ImportError:
    import pytorch_lightning as pl
    from pytorch_lightning.loggers import CSVLogger

variant, steps = sys.argv[1], int(sys.argv[2])
warm_up = 10
total = steps + warm_up + 1
evaluates = variant.startswith("evaluation")
logs = variant.endswith("logging") or variant == "logging_every_step"

warnings.filterwarnings("ignore")
for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
    logging.getLogger(name).setLevel(logging.ERROR)
torch.set_num_threads(1)
batches = [(torch.randn(4, 8), torch.randn(4, 1)) for _ in range(total)]
marks = []


class Linear(pl.LightningModule):
    def __init__(self, logs):
        super().__init__()
        self.net = nn.Linear(8, 1)
        self.logs = logs

    def loss(self, batch):
        x, y = batch
        return F.mse_loss(self.net(x), y)

    def training_step(self, batch, batch_idx):
        marks.append(time.perf_counter())
        loss = self.loss(batch)
        if self.logs:
            self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        marks.append(time.perf_counter())
        loss = self.loss(batch)
        if self.logs:
            self.log("val_loss", loss)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def by_hand():
    model = Linear(False)
    if evaluates:
        with torch.no_grad():
            for batch in batches:
                marks.append(time.perf_counter())
                loss = model.loss(batch)
                if logs:
                    loss.item()
        return
    optimizer = model.configure_optimizers()
    for batch in batches:
        optimizer.zero_grad()
        marks.append(time.perf_counter())
        model.loss(batch).backward()
        optimizer.step()


def by_trainer(folder):
    tells = logs and not evaluates
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=1,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=tells,
        logger=CSVLogger(folder) if tells else False,
        log_every_n_steps=1 if variant == "logging_every_step" else 50,
    )
    if evaluates:
        trainer.validate(Linear(logs), batches, verbose=False)
    else:
        trainer.fit(Linear(logs), batches)


def pace():
    times = [(b - a) * 1e6 for a, b in zip(marks[warm_up:], marks[warm_up + 1 :])]
    marks.clear()
    return {"median": statistics.median(times), "mean": statistics.fmean(times)}


answers = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)
with tempfile.TemporaryDirectory() as folder:
    for _ in sys.stdin:
        by_hand()
        hand = pace()
        by_trainer(folder)
        os.write(answers, (json.dumps({"byHand": hand, "byTrainer": pace()}) + "\n").encode())
