"""How far predictions are from what was measured. Relative errors are predicted / measured - 1."""
import itertools
import math
import statistics

# Settings whose throughput differs by no more than this are as fast as each other, as in `stallpoint sweep`.
AS_FAST = 0.02


def percentile(values, share):
    """The least of `values` that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def relative_errors(predicted, measured):
    return [p / m - 1 for p, m in zip(predicted, measured)]


def absolute_summary(errors):
    """(median, 90th percentile, maximum) of their absolute values, and their mean with its sign."""
    absolute = [abs(e) for e in errors]
    return statistics.median(absolute), percentile(absolute, 0.9), max(absolute), statistics.mean(errors)


def kendall_tau(predicted, measured):
    """Tau-b: whether the settings are ranked as they should be; 1 the same order, -1 the reverse, None when either has no order."""
    agreed = ties_predicted = ties_measured = pairs = 0
    for (p, m), (q, n) in itertools.combinations(zip(predicted, measured), 2):
        pairs += 1
        ties_predicted += p == q
        ties_measured += m == n
        agreed += ((p > q) - (p < q)) * ((m > n) - (m < n))
    scale = math.sqrt((pairs - ties_predicted) * (pairs - ties_measured))
    return agreed / scale if scale > 0 else None


def knee_regret(predicted, measured, costs):
    """Share of the best measured throughput that is lost by taking what the predicted throughputs recommend.

    Recommended is the cheapest setting (fewest workers, say) whose predicted throughput is as fast as the best one.
    """
    enough = (1 - AS_FAST) * max(predicted)
    chosen = min((i for i, p in enumerate(predicted) if p >= enough), key=lambda i: (costs[i], -predicted[i]))
    return 1 - measured[chosen] / max(measured)


def coverage(intervals, measured, relative=True):
    """(how many of the measured their intervals hold, median width of an interval, relative to the measured unless told otherwise)."""
    held = [low <= m <= high for (low, high), m in zip(intervals, measured)]
    return sum(held), statistics.median((high - low) / (m if relative else 1) for (low, high), m in zip(intervals, measured))


# Two-sided 95 % quantiles of Student's distribution for 1, 2, ... degrees of freedom.
STUDENT = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09]


def mean_interval(values):
    """(mean, half the width of its 95 % interval); at least two values."""
    quantile = STUDENT[min(len(values) - 2, len(STUDENT) - 1)]
    return statistics.mean(values), quantile * statistics.stdev(values) / math.sqrt(len(values))
