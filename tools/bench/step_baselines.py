"""What simpler models say the mean step takes, from the same trace: what a prediction has to beat.

Each takes what `stallpoint info --json` says of a recording and a setting (batch size, workers, prefetch), and gives milliseconds.
"""
import math


def costs(info, cores):
    """Per sample and in milliseconds: loading by the clock, loading by the CPU, the device; and the cores that are there."""
    device = info["shares"]["compute"] * info["step_ms"]["mean"] / info["knobs"]["batch_size"] * info.get("stepping_slower", 1)
    cpu = sum(stage["cpu_ms"] for stage in info["stages"])
    if not info["knobs"]["device"].startswith("emulated"):
        cpu += device  # the device is the host
    return dict(loading=sum(stage["wall_ms"] for stage in info["stages"]), cpu=cpu, device=device, cores=cores)


def on_slower_host(info, loading, stepping):
    """The same recording, had the host computed so many times as slowly for samples and, where it is the device, for steps."""
    stages = [dict(stage, cpu_ms=stage["cpu_ms"] * loading, wall_ms=stage["wall_ms"] + stage["cpu_ms"] * (loading - 1)) for stage in info["stages"]]
    return dict(info, stages=stages, stepping_slower=stepping)


def nothing_changes(info, cores, batch, workers, prefetch):
    """A sample takes what it took."""
    return info["step_ms"]["mean"] / info["knobs"]["batch_size"] * batch


def roofline(info, cores, batch, workers, prefetch):
    """The slower of the loaders and the device. Without workers main loads while the device computes the step before."""
    cost = costs(info, cores)
    return batch * max(cost["loading"] / max(1, workers), cost["device"])


def cpu_roofline(info, cores, batch, workers, prefetch):
    """The same, and all that computes has so many cores."""
    cost = costs(info, cores)
    return max(roofline(info, cores, batch, workers, prefetch), batch * cost["cpu"] / cost["cores"])


def queue(info, cores, batch, workers, prefetch):
    """tf.data's model of a buffer (M/M/1/K): the device waits for a batch with the probability that the buffer is empty.

    Workers are one producer that is so many times as fast, the buffer holds what may be prefetched.
    """
    cost = costs(info, cores)
    producer, consumer = batch * cost["loading"] / max(1, workers), batch * cost["device"]
    if workers == 0:
        return producer + consumer
    return consumer + producer * empty_buffer(producer, consumer, workers * prefetch)


def empty_buffer(producer, consumer, places):
    """Probability that a buffer of so many places is empty, times between batches being exponential with these means."""
    if producer <= 0:
        return 0.0
    ratio = consumer / producer
    if math.isclose(ratio, 1, rel_tol=1e-9):
        return 1 / (places + 1)
    if ratio > 1:  # the same fraction, without powers that overflow
        return (ratio - 1) / ratio ** (places + 1) / (1 - ratio ** -(places + 1)) if places * math.log(ratio) < 700 else 0.0
    return (1 - ratio) / (1 - ratio ** (places + 1))


def interpolation(info, cores, batch, workers, prefetch):
    """Time per sample between the recorded runs, the calibration runs among them: each weighs by the inverse square of its distance.

    Distances are of doublings, of the batch and of the workers with main. At a recorded setting it is what was recorded.
    """
    total = weights = 0
    for run in [info, *info["calibration_runs"]]:
        knobs, mean = run["knobs"], run["step_ms"]["mean"]
        if mean is None:
            continue
        per_sample = mean / knobs["batch_size"]
        distance = math.hypot(math.log2(batch / knobs["batch_size"]), math.log2((1 + workers) / (1 + knobs["worker_count"])))
        if distance == 0:
            return per_sample * batch
        total += per_sample / distance ** 2
        weights += 1 / distance ** 2
    return total / weights * batch


ALL = {
    "nothing changes": nothing_changes,
    "roofline": roofline,
    "CPU-aware roofline": cpu_roofline,
    "M/M/1/K (tf.data)": queue,
    "interpolation": interpolation,
}
