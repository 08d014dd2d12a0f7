import unittest

import prediction_report

INFO = {
    "knobs": {"batch_size": 10, "worker_count": 1, "device": "emulated"},
    "step_ms": {"mean": 100.0}, "shares": {"compute": 0.2}, "calibration_runs": [],
    "stages": [{"wall_ms": 10, "cpu_ms": 4}],
}


def live(workers, measured_ms, step_ms, told_ms, gain, measured_gain, wall_s=1.0):
    """A run of two that a setting has: predicted to take `step_ms`, give or take 10 %."""
    return {
        "batch": 10, "workers": workers, "prefetch": 2, "cores": 2.0,
        "measured_ms": measured_ms, "step_ms": step_ms, "step_ms_low": 0.9 * step_ms, "step_ms_high": 1.1 * step_ms, "told_ms": told_ms,
        "loading_slower": 1, "stepping_slower": 1,
        "measured_gain": measured_gain, "gain": gain, "gain_low": 0.95 * gain, "gain_high": 1.05 * gain,
        "measured_stall_share": 0.5, "stall_share": 0.48, "stall_share_low": 0.4, "stall_share_high": 0.6,
        "measured_wall_s": 1.1, "wall_s": wall_s, "wall_s_low": 0.9, "wall_s_high": 1.05,
        "measured_host_memory": 102, "host_memory": [100, 90, 110], "measured_device_memory": None, "device_memory": None,
    }


CASE = prediction_report.Case("synthetic/emulated", INFO, [
    live(1, 98, 110, 101, 1.0, 1.0), live(1, 102, 110, 101, 1.0, 1.0),
    live(2, 60, 50, 50, 2.0, 2.2), live(2, 40, 50, 50, 2.0, 2.0),
    live(4, None, 50, 50, 2.0, None),
])


class PredictionReport(unittest.TestCase):
    def test_runs_of_a_setting_are_one_row_and_those_without_steps_none(self):
        self.assertEqual(CASE.settings, [(10, 1, 2), (10, 2, 2)])
        self.assertEqual(CASE.measured, [100, 50])
        self.assertEqual(CASE.repeats, 2)

    def test_errors_are_of_the_mean_of_the_runs(self):
        median, p90, largest, bias = CASE.errors_of("stallpoint")
        self.assertAlmostEqual(median, 0.05)
        self.assertAlmostEqual(largest, 0.1)
        self.assertAlmostEqual(bias, 0.05)
        self.assertAlmostEqual(CASE.errors_of("stallpoint, told")[2], 0.01)

    def test_what_intervals_hold_is_counted(self):
        self.assertEqual(CASE.held("step_ms", CASE.measured)[0], 2)
        self.assertEqual(CASE.held("gain", CASE.gains)[0], 2)
        self.assertEqual(CASE.wall()[1], 0)
        self.assertEqual(CASE.memory("host")[1:3], (2, 2))
        self.assertIsNone(CASE.memory("device"))

    def test_taking_the_fastest_setting_loses_nothing(self):
        self.assertAlmostEqual(CASE.regret("stallpoint"), 0)
        self.assertAlmostEqual(CASE.regret("nothing changes"), 0.5)

    def test_a_row_has_a_cell_for_each_column(self):
        head = prediction_report.TABLE_HEAD.splitlines()
        row = CASE.table_row()
        self.assertEqual(row.count("|"), head[0].count("|"))
        self.assertEqual(head[1].count("|"), head[0].count("|"))
        self.assertTrue(row.startswith("| synthetic / emulated | 5.0 / 10.0 / 10.0 | +5.0 | 0.5 / 1.0 |"), row)

    def test_the_text_has_a_line_a_setting_and_one_a_model(self):
        text = CASE.text()
        self.assertIn("10       2        2      50.00", text)
        self.assertIn("stallpoint, told          0.5    1.0", text)
        self.assertIn("interval held 2 of 2", text)
        self.assertNotIn("device memory", text)


if __name__ == "__main__":
    unittest.main()
