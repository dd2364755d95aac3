#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A test of a device model in Python: what test-dm.c tests, and how a call fails.

A domain gets an ioreq server, whose ring and slots are mapped.  The libraries
are Debian's; the structures and numbers are those of Xen 4.17's headers, which
the comments name.  Prints TAP; exits with 0 when all is well.
"""
import ctypes
import errno
import mmap
import os
import sys
from ctypes import POINTER, byref, c_int, c_uint
from ctypes import c_ulong, c_void_p, c_uint8, c_uint16, c_uint32, c_uint64

PAGE_SIZE = 4096


# ---- structures ----

class CreateDomain(ctypes.Structure):
    """struct xen_domctl_createdomain, with its arch: xen/domctl.h"""
    _fields_ = [
        ("ssidref", c_uint32), ("handle", c_uint8 * 16), ("flags", c_uint32),
        ("iommu_opts", c_uint32), ("max_vcpus", c_uint32),
        ("max_evtchn_port", c_uint32), ("max_grant_frames", ctypes.c_int32),
        ("max_maptrack_frames", ctypes.c_int32), ("grant_opts", c_uint32),
        ("vmtrace_size", c_uint32), ("cpupool_id", c_uint32),
        ("emulation_flags", c_uint32), ("misc_flags", c_uint32),
    ]


class Ioreq(ctypes.Structure):
    """ioreq_t, the slot of one vcpu: xen/hvm/ioreq.h"""
    _fields_ = [
        ("addr", c_uint64), ("data", c_uint64), ("count", c_uint32),
        ("size", c_uint32), ("vp_eport", c_uint32), ("pad0", c_uint16),
        ("state", c_uint8, 4), ("data_is_ptr", c_uint8, 1),
        ("dir", c_uint8, 1), ("df", c_uint8, 1), ("pad1", c_uint8, 1),
        ("type", c_uint8),
    ]


class BufIoreq(ctypes.Structure):
    """buf_ioreq_t, an entry of the ring: xen/hvm/ioreq.h"""
    _fields_ = [
        ("type", c_uint32, 8), ("pad", c_uint32, 1), ("dir", c_uint32, 1),
        ("size", c_uint32, 2), ("addr", c_uint32, 20), ("data", c_uint32),
    ]


class BufferedIopage(ctypes.Structure):
    """struct buffered_iopage, the ring: xen/hvm/ioreq.h"""
    _fields_ = [
        ("read_pointer", c_uint32), ("write_pointer", c_uint32),
        ("buf_ioreq", BufIoreq * 511),
    ]


# A field that is missing would make the hypervisor read another one.
SIZES = {CreateDomain: 64, Ioreq: 32, BufIoreq: 8, BufferedIopage: PAGE_SIZE}
for struct, size in SIZES.items():
    assert ctypes.sizeof(struct) == size, (struct, ctypes.sizeof(struct))
assert Ioreq.vp_eport.offset == 24

XEN_DOMCTL_CDF_HVM, XEN_DOMCTL_CDF_HAP = 1, 2   # xen/domctl.h
XEN_X86_EMU_LAPIC = 1                           # xen/arch-x86/xen.h
HVM_IOREQSRV_BUFIOREQ_ATOMIC = 2                # xen/hvm/dm_op.h
RESOURCE_IOREQ_SERVER = 0                       # xen/memory.h
STATE_IOREQ_NONE = 0                            # xen/hvm/ioreq.h


# ---- libraries ----

def load(name, functions):
    """A library whose functions have types: ctypes would cut pointers to int."""
    lib = ctypes.CDLL(name, use_errno=True)
    for function, (result, *arguments) in functions.items():
        getattr(lib, function).restype = result
        getattr(lib, function).argtypes = arguments
    return lib


domid_t = ioservid_t = c_uint16
ctrl = load("libxenctrl.so.4.17", {
    "xc_interface_open": (c_void_p, c_void_p, c_void_p, c_uint),
    "xc_interface_close": (c_int, c_void_p),
    "xc_domain_create":
        (c_int, c_void_p, POINTER(c_uint32), POINTER(CreateDomain)),
    "xc_domain_max_vcpus": (c_int, c_void_p, c_uint32, c_uint),
    "xc_domain_destroy": (c_int, c_void_p, c_uint32),
})
devicemodel = load("libxendevicemodel.so.1", {
    "xendevicemodel_open": (c_void_p, c_void_p, c_uint),
    "xendevicemodel_close": (c_int, c_void_p),
    "xendevicemodel_create_ioreq_server":
        (c_int, c_void_p, domid_t, c_int, POINTER(ioservid_t)),
    "xendevicemodel_set_ioreq_server_state":
        (c_int, c_void_p, domid_t, ioservid_t, c_int),
    "xendevicemodel_destroy_ioreq_server":
        (c_int, c_void_p, domid_t, ioservid_t),
})
foreignmemory = load("libxenforeignmemory.so.1", {
    "xenforeignmemory_open": (c_void_p, c_void_p, c_uint),
    "xenforeignmemory_close": (c_int, c_void_p),
    "xenforeignmemory_map_resource":
        (c_void_p, c_void_p, domid_t, c_uint, c_uint, c_ulong, c_ulong,
         POINTER(c_void_p), c_int, c_int),
    "xenforeignmemory_unmap_resource": (c_int, c_void_p, c_void_p),
})


# ---- tests ----

class Tap:
    """Counts the lines that it prints."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, why=""):
        """One verdict; WHY is printed if it is bad."""
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, name))
        if not good and why:
            print("# %s" % why)
        return good

    def call(self, rc, name):
        """rc is 0, as of most calls; else errno says why."""
        return self.ok(rc == 0, name, "it returned %d: %s" % (rc, error()))

    def fails(self, result, want, name):
        """A call did nothing, with this errno."""
        got = ctypes.get_errno()
        self.ok(not result and got == want, name, "it %s, errno is %s, not %s" % (
            "succeeded" if result else "failed", errno.errorcode.get(got, got),
            errno.errorcode[want]))


def error():
    """What the last call of a library said."""
    return os.strerror(ctypes.get_errno())


def map_frames(mem, domid, server, frame, count):
    """The handle of the mapping or None, and its address."""
    at = c_void_p()
    ctypes.set_errno(0)
    handle = foreignmemory.xenforeignmemory_map_resource(
        mem, domid, RESOURCE_IOREQ_SERVER, server, frame, count, byref(at),
        mmap.PROT_READ | mmap.PROT_WRITE, 0)
    return handle, at.value


def test_server(tap, dm, mem, domid):
    """Frame 0 of an ioreq server is the ring, frame 1 has the slots."""
    server = ioservid_t()
    if not tap.call(devicemodel.xendevicemodel_create_ioreq_server(
            dm, domid, HVM_IOREQSRV_BUFIOREQ_ATOMIC, byref(server)), "a server"):
        return
    handle, at = map_frames(mem, domid, server.value, 0, 2)
    if tap.ok(handle, "its ring and its slots are mapped", error()):
        ring = BufferedIopage.from_address(at)
        slot = Ioreq.from_address(at + PAGE_SIZE)
        tap.ok(ring.read_pointer == ring.write_pointer == 0, "the ring is empty",
               "read %d, write %d" % (ring.read_pointer, ring.write_pointer))
        tap.call(devicemodel.xendevicemodel_set_ioreq_server_state(
            dm, domid, server, 1), "enabled")
        tap.ok(slot.vp_eport != 0, "vcpu 0 has a port", "vp_eport is 0")
        tap.ok(slot.state == STATE_IOREQ_NONE, "and no request",
               "the state is %d" % slot.state)
        tap.call(foreignmemory.xenforeignmemory_unmap_resource(mem, handle),
                 "unmapped")

    nobody = server.value + 1
    tap.fails(map_frames(mem, domid, nobody, 0, 1)[0], errno.ENOENT,
              "an id that no server has: ENOENT")
    tap.fails(map_frames(mem, domid, server.value | 0x10000, 0, 1)[0],
              errno.EINVAL, "an id of 17 bits: EINVAL")
    tap.fails(map_frames(mem, domid, server.value, 2, 1)[0], errno.EINVAL,
              "a frame behind the slots: EINVAL")

    tap.call(devicemodel.xendevicemodel_destroy_ioreq_server(dm, domid, server),
             "destroyed")
    tap.fails(map_frames(mem, domid, server.value, 0, 1)[0], errno.ENOENT,
              "and then not mapped any more: ENOENT")


def main():
    """The domain, and all that is opened."""
    tap = Tap()
    xch = ctrl.xc_interface_open(None, None, 0)
    dm = devicemodel.xendevicemodel_open(None, 0)
    mem = foreignmemory.xenforeignmemory_open(None, 0)
    if not (xch and dm and mem):
        print("Bail out! no hypervisor: %s" % error())
        return 1

    config = CreateDomain(
        flags=XEN_DOMCTL_CDF_HVM | XEN_DOMCTL_CDF_HAP, max_vcpus=1,
        max_evtchn_port=1023, max_grant_frames=4, max_maptrack_frames=4,
        grant_opts=1, emulation_flags=XEN_X86_EMU_LAPIC)
    domid = c_uint32(0)
    if tap.call(ctrl.xc_domain_create(xch, byref(domid), byref(config)),
                "a domain"):
        if tap.call(ctrl.xc_domain_max_vcpus(xch, domid, 1), "with one vcpu"):
            test_server(tap, dm, mem, domid.value)
        tap.call(ctrl.xc_domain_destroy(xch, domid), "which ends")
    foreignmemory.xenforeignmemory_close(mem)
    devicemodel.xendevicemodel_close(dm)
    ctrl.xc_interface_close(xch)
    print("1..%d" % tap.count)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
