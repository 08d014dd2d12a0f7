"""Scripted data sets through torch.utils.data.DataLoader: for tools/bench/against_torch, under a Python that has torch.

Reads a JSON array of runs from stdin and prints one JSON object a line and run, each as soon as it is done: when the loop got each
batch, in the order of delivery, and what the sampler and the workers noted of each, in the sampler's order; seconds from the first
request on.
"""
import gc
import hashlib
import json
import sys
import time
import warnings

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

WARM_UP = -1


def burn(iterations):
    """Computes without holding Python's lock, as decoders do."""
    if iterations > 0:
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", iterations)


class Scripted(Dataset):
    def __init__(self, samples):
        self.samples = samples  # (seconds to sleep, iterations to burn)
        self.item = torch.zeros(3, 32, 32)

    def __getitem__(self, index):
        begin = time.monotonic()
        if index != WARM_UP:
            sleep, iterations = self.samples[index]
            if sleep > 0:
                time.sleep(sleep)
            burn(iterations)
        return self.item, index, begin, time.monotonic()


def collate(items):
    """Beside the batch: its first index, when its first sample began, what its samples took."""
    batch = default_collate([item for item, _, _, _ in items])
    return batch, items[0][1], items[0][2], sum(end - begin for _, _, begin, end in items), time.monotonic()


class Batches:
    """Indices of one epoch: first a warm-up, so that starting the workers is not measured, then the run. Notes when they were asked for."""

    def __init__(self, batch_size, count, warm_up):
        self.batch_size, self.count, self.warm_up = batch_size, count, warm_up
        self.asked = []

    def __len__(self):
        return self.count

    def __iter__(self):
        if self.warm_up > 0:
            yield from [[WARM_UP]] * self.warm_up
            self.warm_up = 0
            return
        for first in range(0, self.count * self.batch_size, self.batch_size):
            self.asked.append(time.monotonic())
            yield list(range(first, first + self.batch_size))


def measure(run):
    samples = [tuple(sample) for batch in run["samples"] for sample in batch]
    workers = run["workers"]
    batches = Batches(len(run["samples"][0]), len(run["samples"]), 2 * workers)
    settings = dict(num_workers=workers, batch_sampler=batches, collate_fn=collate)
    if workers > 0:
        settings.update(prefetch_factor=run["prefetch"], persistent_workers=True)
        if not run["in_order"]:
            settings["in_order"] = False
    loader = DataLoader(Scripted(samples), **settings)
    if workers > 0:
        for _ in loader:
            pass
    gc.collect()
    gc.disable()
    asked, got, noted = [], [], []
    iterator = iter(loader)
    for step in run["steps"]:
        asked.append(time.monotonic())
        batch, *times = next(iterator)
        got.append(time.monotonic())
        noted.append(times)
        del batch
        time.sleep(step)
    asked.append(time.monotonic())
    gc.enable()
    origin = batches.asked[0]
    in_sampler_order = sorted(noted)
    return {"arrivals": [t - origin for t in got], "next": [to - since for to, since in zip(got, asked)],
            "steps_took": [to - since for to, since in zip(asked[1:], got)], "requested": [t - origin for t in batches.asked],
            "load_begin": [begin - origin for _, begin, _, _ in in_sampler_order],
            "samples_took": [took for _, _, took, _ in in_sampler_order],
            "load_end": [end - origin for _, _, _, end in in_sampler_order]}


def main():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="This DataLoader will create")  # more workers than cores are wanted here
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for run in json.load(sys.stdin):
        print(json.dumps(measure(run)), flush=True)


if __name__ == "__main__":
    main()
