import unittest

import step_baselines as baselines


def recorded(batch=10, workers=1, step_ms=100.0, device="emulated", calibration=()):
    """10 ms a sample by the clock, 4 ms of them computing, 2 ms a sample on the device."""
    return {
        "knobs": {"batch_size": batch, "worker_count": workers, "prefetch_depth": 2, "device": device},
        "step_ms": {"mean": step_ms}, "shares": {"compute": 2 * batch / step_ms},
        "stages": [{"wall_ms": 7, "cpu_ms": 1}, {"wall_ms": 3, "cpu_ms": 3}],
        "calibration_runs": [{"knobs": {"batch_size": b, "worker_count": w}, "step_ms": {"mean": ms}} for b, w, ms in calibration],
    }


class StepBaselines(unittest.TestCase):
    def test_nothing_changes_scales_with_the_batch_alone(self):
        self.assertAlmostEqual(baselines.nothing_changes(recorded(), 2, 20, 7, 4), 200)

    def test_the_roofline_is_the_slower_of_loaders_and_device(self):
        self.assertAlmostEqual(baselines.roofline(recorded(), 2, 10, 2, 2), 50)
        self.assertAlmostEqual(baselines.roofline(recorded(), 2, 10, 8, 2), 20)
        self.assertAlmostEqual(baselines.roofline(recorded(), 2, 10, 0, 2), 100)

    def test_cores_bound_the_roofline_and_a_device_on_the_host_takes_part(self):
        self.assertAlmostEqual(baselines.cpu_roofline(recorded(), 1, 10, 8, 2), 40)
        self.assertAlmostEqual(baselines.cpu_roofline(recorded(device="cpu"), 1, 10, 8, 2), 60)
        self.assertAlmostEqual(baselines.cpu_roofline(recorded(), 4, 10, 8, 2), 20)

    def test_a_slower_host_computes_longer_and_waits_as_long(self):
        slower = baselines.on_slower_host(recorded(), 1.5, 2)
        self.assertAlmostEqual(baselines.costs(slower, 2)["loading"], 6 + 1.5 + 4.5)
        self.assertAlmostEqual(baselines.costs(slower, 2)["cpu"], 6)
        self.assertAlmostEqual(baselines.costs(slower, 2)["device"], 4)
        self.assertAlmostEqual(baselines.cpu_roofline(recorded(), 1, 10, 8, 2), 40)

    def test_a_buffer_is_empty_as_in_a_queue_of_finite_room(self):
        self.assertAlmostEqual(baselines.empty_buffer(1, 1, 4), 1 / 5)
        self.assertAlmostEqual(baselines.empty_buffer(2, 1, 1), 0.5 / (1 - 0.25))
        for ratio, places in ((0.25, 3), (1.5, 2), (3, 8)):
            by_definition = 1 / sum(ratio ** n for n in range(places + 1))
            self.assertAlmostEqual(baselines.empty_buffer(1, ratio, places), by_definition)
        self.assertEqual(baselines.empty_buffer(0, 1, 4), 0)
        self.assertEqual(baselines.empty_buffer(1, 1e6, 1000), 0)

    def test_the_queue_tends_to_the_roofline_with_much_prefetch_and_adds_up_without_workers(self):
        self.assertAlmostEqual(baselines.queue(recorded(), 2, 10, 2, 500), 50)
        self.assertAlmostEqual(baselines.queue(recorded(), 2, 10, 8, 500), 20)
        self.assertGreater(baselines.queue(recorded(), 2, 10, 5, 1), 20)
        self.assertAlmostEqual(baselines.queue(recorded(), 2, 10, 0, 2), 120)

    def test_interpolation_gives_what_was_recorded_and_lies_between_the_runs(self):
        info = recorded(calibration=[(20, 1, 160.0), (10, 3, 40.0)])
        self.assertAlmostEqual(baselines.interpolation(info, 2, 10, 1, 2), 100)
        self.assertAlmostEqual(baselines.interpolation(info, 2, 20, 1, 2), 160)
        self.assertTrue(40 < baselines.interpolation(info, 2, 10, 2, 2) < 100)

    def test_interpolation_passes_over_a_run_without_steps(self):
        info = recorded(calibration=[(20, 1, None)])
        self.assertAlmostEqual(baselines.interpolation(info, 2, 20, 1, 2), 200)


if __name__ == "__main__":
    unittest.main()
