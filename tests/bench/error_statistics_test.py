import unittest

import error_statistics as statistics


class ErrorStatistics(unittest.TestCase):
    def test_percentile_is_the_least_value_that_the_share_does_not_exceed(self):
        self.assertEqual(statistics.percentile(range(1, 11), 0.9), 9)
        self.assertEqual(statistics.percentile(range(1, 11), 1), 10)
        self.assertEqual(statistics.percentile([3], 0.9), 3)
        self.assertEqual(statistics.percentile([2, 1], 0), 1)

    def test_errors_are_relative_to_the_measured_and_keep_their_sign_in_the_bias(self):
        errors = statistics.relative_errors([110, 90, 100], [100, 100, 100])
        median, p90, largest, bias = statistics.absolute_summary(errors)
        self.assertAlmostEqual(median, 0.1)
        self.assertAlmostEqual(p90, 0.1)
        self.assertAlmostEqual(largest, 0.1)
        self.assertAlmostEqual(bias, 0)

    def test_tau_is_one_for_the_same_order_and_minus_one_for_the_reverse(self):
        self.assertEqual(statistics.kendall_tau([1, 2, 3, 4], [10, 20, 30, 40]), 1)
        self.assertEqual(statistics.kendall_tau([4, 3, 2, 1], [10, 20, 30, 40]), -1)
        self.assertAlmostEqual(statistics.kendall_tau([1, 3, 2], [1, 2, 3]), 1 / 3)

    def test_tau_counts_ties_out(self):
        self.assertIsNone(statistics.kendall_tau([5, 5, 5], [1, 2, 3]))
        self.assertAlmostEqual(statistics.kendall_tau([1, 1, 2], [1, 2, 3]), 2 / (2 * 3) ** 0.5)

    def test_regret_is_what_the_recommended_setting_loses_to_the_best(self):
        workers = [1, 2, 4, 8]
        measured = [50, 80, 99, 100]
        self.assertAlmostEqual(statistics.knee_regret(measured, measured, workers), 0.01)  # 4 workers are as fast as 8
        self.assertAlmostEqual(statistics.knee_regret([50, 100, 100, 100], measured, workers), 0.2)
        self.assertAlmostEqual(statistics.knee_regret([10, 20, 30, 40], measured, workers), 0)

    def test_coverage_counts_what_the_intervals_hold_bounds_among_it(self):
        held, width = statistics.coverage([(9, 11), (18, 19), (30, 36)], [10, 20, 30])
        self.assertEqual(held, 2)
        self.assertAlmostEqual(width, 0.2)

    def test_a_mean_of_few_values_has_a_wide_interval(self):
        mean, half_width = statistics.mean_interval([1, 3])
        self.assertAlmostEqual(mean, 2)
        self.assertAlmostEqual(half_width, 12.71)
        self.assertAlmostEqual(statistics.mean_interval([5, 5, 5])[1], 0)


if __name__ == "__main__":
    unittest.main()
