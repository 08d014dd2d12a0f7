"""How far the predictions of one case are from its live runs: in full, and as a row of a table."""
import statistics

import error_statistics
import step_baselines

MIB = 1 << 20
# What score_predictions says of each live run, rather than of the setting.
EACH_RUN = ("measured_ms", "measured_stall_share", "measured_wall_s", "measured_host_memory", "measured_device_memory", "told_ms", "loading_slower",
            "stepping_slower", "measured_gain")

# A row has two lines above it in Markdown. Of the CPU-aware roofline what is in brackets.
TABLE_HEAD = ("| workload / device or regime | blind: median / p90 / max | bias | told: median / p90 | roofline: median / p90 (told) | "
              "regret (told; roofline's) | same minute (roofline's) | τ | step held, width | gain: median / p90, held, width | "
              "stall share, points: median / p90, held | whole run: median / p90, held | host memory: median / p90, held | "
              "repeat noise: median / largest |\n" + "|---" * 14 + "|")


def percents(values):
    return " / ".join(f"{100 * value:.1f}" for value in values)


class Case:
    """Settings of one recording with their live runs. `info`: of the recording, `live`: what score_predictions says of each run."""

    def __init__(self, name, info, live):
        self.name, self.info = name, info
        rows = {}
        for run in live:
            if not run["measured_ms"]:
                continue  # cut off before it had steps
            setting = (run["batch"], run["workers"], run["prefetch"])
            row = rows.setdefault(setting, dict(run, setting=setting, **{key: [] for key in EACH_RUN}))
            for key in EACH_RUN:
                row[key].append(run[key])
        self.rows = [rows[setting] for setting in sorted(rows)]
        self.settings = [row["setting"] for row in self.rows]
        self.measured = self.means("measured_ms")
        self.gains = self.means("measured_gain")
        self.stalls = self.means("measured_stall_share")
        self.repeats = max(len(row["measured_ms"]) for row in self.rows)
        self.noises = [statistics.stdev(row["measured_ms"]) / mean if len(row["measured_ms"]) > 1 else float("nan")
                       for row, mean in zip(self.rows, self.measured)]
        self.tolds = [statistics.mean(told or row["step_ms"] for told in row["told_ms"]) for row in self.rows]
        cores = self.rows[0]["cores"]
        self.models = {"stallpoint": [row["step_ms"] for row in self.rows], "stallpoint, told": self.tolds}
        for baseline, model in step_baselines.ALL.items():
            self.models[baseline] = [model(info, cores, *s) for s in self.settings]
        # What the error of a better model is to be compared with where the host's speed is everybody's error.
        self.models["CPU-aware, told"] = [
            statistics.mean(step_baselines.cpu_roofline(step_baselines.on_slower_host(info, *slower), cores, *row["setting"])
                            for slower in zip(row["loading_slower"], row["stepping_slower"])) for row in self.rows]

    def means(self, key):
        return [statistics.mean(row[key]) for row in self.rows]

    def errors_of(self, model):
        return error_statistics.absolute_summary(error_statistics.relative_errors(self.models[model], self.measured))

    def throughputs(self, step_ms):
        return [batch / ms for (batch, _, _), ms in zip(self.settings, step_ms)]

    def tau(self, model):
        return error_statistics.kendall_tau(self.throughputs(self.models[model]), self.throughputs(self.measured))

    def regret(self, model, made=None):
        """By what settings make, the throughput that was measured unless told otherwise."""
        costs = [workers for _, workers, _ in self.settings]
        return error_statistics.knee_regret(self.throughputs(self.models[model]), made or self.throughputs(self.measured), costs)

    def held(self, key, measured, relative=True):
        """How many of the measured the intervals of a figure hold, and how wide these are in the median."""
        return error_statistics.coverage([(row[f"{key}_low"], row[f"{key}_high"]) for row in self.rows], measured, relative)

    def gain_errors(self):
        return error_statistics.absolute_summary(error_statistics.relative_errors([row["gain"] for row in self.rows], self.gains))

    def stall_points(self):
        return [100 * (row["stall_share"] - stall) for row, stall in zip(self.rows, self.stalls)]

    def wall(self):
        """(errors, how many intervals held) of whole runs; nothing where their length was not predicted."""
        if any(row["wall_s"] is None for row in self.rows):
            return None
        measured = self.means("measured_wall_s")
        errors = error_statistics.relative_errors([row["wall_s"] for row in self.rows], measured)
        return error_statistics.absolute_summary(errors), self.held("wall_s", measured)[0]

    def memory(self, what):
        """(errors, held, of how many, width, peaks) of the host's or the device's; nothing where neither is known."""
        known = [row for row in self.rows if row[f"{what}_memory"] and all(row[f"measured_{what}_memory"])]
        if not known:
            return None
        peaks = [max(row[f"measured_{what}_memory"]) for row in known]
        errors = error_statistics.relative_errors([row[f"{what}_memory"][0] for row in known], peaks)
        held, width = error_statistics.coverage([row[f"{what}_memory"][1:] for row in known], peaks)
        return error_statistics.absolute_summary(errors), held, len(known), width, peaks

    def model_line(self, model):
        """Of a model, as percentages. One that is told of these minutes has no regret by them."""
        median, p90, largest, bias = self.errors_of(model)
        tau = self.tau(model)
        same_minute = "          -" if model.endswith(", told") else f"{100 * self.regret(model, self.gains):11.1f}"
        return (f"    {model:<22} {100 * median:6.1f} {100 * p90:6.1f} {100 * largest:6.1f} {100 * bias:+6.1f} "
                f"{'   none' if tau is None else f'{tau:7.2f}'} {100 * self.regret(model):6.1f} {same_minute}")

    def text(self):
        knobs, count = self.info["knobs"], len(self.rows)
        lines = [f"\n{self.name}: recorded batch {knobs['batch_size']}, {knobs['worker_count']} workers, {self.info['step_ms']['mean']:.1f} ms a step",
                 "  batch workers prefetch   measured  noise %  predicted            interval  error %   told %"]
        for row, mean, noise, told in zip(self.rows, self.measured, self.noises, self.tolds):
            lines.append(f"  {row['batch']:5d} {row['workers']:7d} {row['prefetch']:8d} {mean:10.2f} {100 * noise:8.1f} {row['step_ms']:10.2f} "
                         f"{row['step_ms_low']:9.2f}..{row['step_ms_high']:<9.2f} {100 * (row['step_ms'] / mean - 1):+7.1f}  {100 * (told / mean - 1):+7.1f}")
        lines.append("  |error| %                  median    p90    max   bias     tau regret % same minute")
        lines += [self.model_line(model) for model in self.models]
        held, width = self.held("step_ms", self.measured)
        lines.append(f"  interval held {held} of {count}, median width {100 * width:.1f} % of the measured")
        median, p90, largest, bias = self.gain_errors()
        held, width = self.held("gain", self.gains)
        lines.append(f"  gain over the recorded setting in the same minute, |error| %: median {100 * median:.1f}, p90 {100 * p90:.1f}, max {100 * largest:.1f}, "
                     f"bias {100 * bias:+.1f}; interval held {held} of {count}, median width {100 * width:.1f} %")
        points = self.stall_points()
        held, width = self.held("stall_share", self.stalls, relative=False)
        lines.append(f"  stall share, points off: median {statistics.median(map(abs, points)):.1f}, p90 {error_statistics.percentile(map(abs, points), 0.9):.1f}, "
                     f"bias {statistics.mean(points):+.1f}; interval held {held} of {count}, median width {100 * width:.1f}")
        if wall := self.wall():
            (median, p90, largest, bias), held = wall
            lines.append(f"  whole run, |error| %: median {100 * median:.1f}, p90 {100 * p90:.1f}, max {100 * largest:.1f}, "
                         f"bias {100 * bias:+.1f}; interval held {held} of {count}")
        for what in ("host", "device"):
            if memory := self.memory(what):
                (median, p90, largest, bias), held, known, width, peaks = memory
                lines.append(f"  {what} memory, |error| %: median {100 * median:.1f}, p90 {100 * p90:.1f}, max {100 * largest:.1f}, bias {100 * bias:+.1f}; "
                             f"interval held {held} of {known}, median width {100 * width:.1f} %; {min(peaks) / MIB:,.0f} to {max(peaks) / MIB:,.0f} MiB")
        lines.append(f"  repeat noise: median {100 * statistics.median(self.noises):.1f} %, largest {100 * max(self.noises):.1f} %, {self.repeats} runs each")
        return "\n".join(lines)

    def table_row(self):
        median, p90, largest, bias = self.errors_of("stallpoint")
        roofline, roofline_told = (percents(self.errors_of(model)[:2]) for model in ("CPU-aware roofline", "CPU-aware, told"))
        regrets = [f"{100 * self.regret(model):.1f}" for model in ("stallpoint", "stallpoint, told", "CPU-aware roofline")]
        same_minute = [f"{100 * self.regret(model, self.gains):.1f}" for model in ("stallpoint", "CPU-aware roofline")]
        tau = self.tau("stallpoint")
        held, width = self.held("step_ms", self.measured)
        gain_held, gain_width = self.held("gain", self.gains)
        points = [abs(point) for point in self.stall_points()]
        wall, memory = self.wall(), self.memory("host")
        cells = [self.name.replace("/", " / "), percents((median, p90, largest)), f"{100 * bias:+.1f}", percents(self.errors_of("stallpoint, told")[:2]),
                 f"{roofline} ({roofline_told})", f"{regrets[0]} ({regrets[1]}; {regrets[2]})", f"{same_minute[0]} ({same_minute[1]})",
                 "none" if tau is None else f"{tau:.2f}", f"{held} of {len(self.rows)}, {100 * width:.0f}",
                 f"{percents(self.gain_errors()[:2])}, {gain_held}, {100 * gain_width:.0f}",
                 f"{statistics.median(points):.1f} / {error_statistics.percentile(points, 0.9):.1f}, {self.held('stall_share', self.stalls, relative=False)[0]}",
                 f"{percents(wall[0][:2])}, {wall[1]}" if wall else "", f"{percents(memory[0][:2])}, {memory[1]}" if memory else "",
                 percents((statistics.median(self.noises), max(self.noises)))]
        return "| " + " | ".join(cells) + " |"
