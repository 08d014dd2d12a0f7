import unittest

import torch_environment


class MissingParts(unittest.TestCase):
    def test_a_library_that_is_not_found_names_its_package(self):
        part = torch_environment.missing_part
        self.assertEqual(part("ImportError: libcusparseLt.so.0: cannot open shared object file: No such file or directory"),
                         "nvidia-cusparselt-cu13")
        self.assertEqual(part("ImportError: libcusparse.so.12: cannot open shared object file: No such file"), "cuda-toolkit[cusparse]")
        self.assertEqual(part("ImportError: libcublasLt.so.13: cannot open shared object file: No such file"), "cuda-toolkit[cublas]")
        self.assertEqual(part("ImportError: libnvshmem_host.so.3: cannot open shared object file: No such file"), "nvidia-nvshmem-cu13")

    def test_so_does_a_symbol_that_an_older_library_lacks(self):
        self.assertEqual(torch_environment.missing_part("ImportError: /x/libtorch_cuda.so: undefined symbol: ncclCommResume"),
                         "nvidia-nccl-cu13")

    def test_other_errors_name_none(self):
        for error in ("ModuleNotFoundError: No module named 'torch'", "ImportError: libfoo.so.1: cannot open shared object file", "no message",
                      "ImportError: /x/libtorch_cuda.so: undefined symbol: _ZN2at4_ops"):
            self.assertIsNone(torch_environment.missing_part(error))


if __name__ == "__main__":
    unittest.main()
