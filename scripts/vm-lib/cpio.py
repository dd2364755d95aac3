# SPDX-License-Identifier: MIT
"""An initramfs, written without root and without cpio(1).

The "newc" format: a header of 13 eight-digit hexadecimal fields, the name, the
contents, each padded to four bytes.  Times, owners and inode numbers depend on
nothing but the order of the files, so equal contents make equal archives.
Linux unpacks archives that follow one another: an overlay is just appended.
"""
import os
import stat


class Archive:
    def __init__(self):
        self.parts, self.folders, self.inode = [], set(), 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0,
                  *device, len(name), 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
        for piece in head, data:
            self.parts += [piece, b"\0" * (-len(piece) % 4)]

    def folder(self, path):
        """The folder and those it lies in, once each."""
        path = path.strip("/")
        if path and path not in self.folders:
            self.folder(os.path.dirname(path))
            self.folders.add(path)
            self._entry(path, stat.S_IFDIR | 0o755)

    def text(self, path, text, mode=0o755):
        self.data(path, text.encode(), mode)

    def data(self, path, data, mode=0o644):
        self.folder(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFREG | mode, data)

    def file(self, path, source):
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        with open(source, "rb") as f:
            self.data(path, f.read(), mode)

    def link(self, path, target):
        self.folder(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, major, minor):
        self.folder(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFCHR | 0o600,
                    device=(major, minor))

    def bytes(self):
        """The archive, padded so that another can follow."""
        closed = Archive()
        closed.parts = self.parts.copy()
        closed._entry("TRAILER!!!", 0)
        data = b"".join(closed.parts)
        return data + b"\0" * (-len(data) % 512)
