"""The virtual machine of ./dev kernel: which kernel, and with which modules."""

import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "kernel"))

import boot


class Package(unittest.TestCase):
    def of(self, version, *names):
        with mock.patch.object(boot, "run", return_value=types.SimpleNamespace(stdout="\n".join(names))):
            return boot.package_of(version)

    def test_is_the_newest(self):
        self.assertEqual(self.of("6.1", "linux-image-6.1.0-9-amd64", "linux-image-6.1.0-47-amd64",
                                 "linux-image-6.1.0-10-amd64"), "linux-image-6.1.0-47-amd64")
        self.assertEqual(self.of("6.12", "linux-image-6.12.9+deb12-amd64", "linux-image-6.12.117+deb12-amd64"),
                         "linux-image-6.12.117+deb12-amd64")

    def test_is_an_ordinary_one(self):
        self.assertIsNone(self.of("6.1", "linux-image-6.1.0-47-cloud-amd64", "linux-image-6.1.0-47-rt-amd64",
                                  "linux-image-6.1.0-47-amd64-unsigned", "linux-image-6.1.0-47-amd64-dbg"))

    def test_may_be_unknown(self):
        self.assertIsNone(self.of("5.4"))


class Modules(unittest.TestCase):
    def test_come_after_what_they_need(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "modules.dep"
            file.write_text("fs/9p.ko: net/9pnet.ko fs/netfs.ko\nnet/9pnet.ko:\nfs/netfs.ko:\n"
                            "net/9pnet_virtio.ko: net/9pnet.ko v/virtio_ring.ko v/virtio.ko\nfs/overlay.ko:\n"
                            "v/virtio_ring.ko: v/virtio.ko\nv/virtio.ko:\nfs/unwanted.ko:\n")
            order = boot.in_order(file)
        self.assertNotIn("fs/unwanted.ko", order)
        self.assertEqual(len(order), len(set(order)))
        for first, then in (("v/virtio.ko", "v/virtio_ring.ko"), ("v/virtio_ring.ko", "net/9pnet_virtio.ko"),
                            ("net/9pnet.ko", "fs/9p.ko"), ("fs/netfs.ko", "fs/9p.ko")):
            self.assertLess(order.index(first), order.index(then))
        self.assertIn("fs/overlay.ko", order)


if __name__ == "__main__":
    unittest.main()
