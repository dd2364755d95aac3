# SPDX-License-Identifier: MIT
"""gdb commands that show the hypervisor's state: docs/debugging.md.

    (gdb) source scripts/gdb.py
    (gdb) oriel attach SOCKET      # of scripts/vm --gdb
    (gdb) oriel domains | vcpus [DOMID] | p2m DOMID GFN | ioreq DOMID | ports DOMID

They read memory and call nothing, so they work on a hypervisor that hangs or has
crashed, and take no locks: what is being changed at the moment may look odd.
"""

import gdb

PAGE_SHIFT = 12
DIRECT_MAP = 0xffff830000000000
LEVELS, BITS = 4, 9
PTE_PRESENT, PTE_LARGE = 1, 0x80
PTE_MFN_MASK, PTE_TYPE_SHIFT = 0x000ffffffffff000, 52
MANY = 1 << 20  # a list that is longer is broken


def static(name):
    """A variable, also one of a single file; None: this hypervisor has none."""
    symbol = gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)
    return symbol.value() if symbol else None


def enum_name(value, kind):
    """The name of an enum's value, without the part that all have."""
    for field in gdb.lookup_type("enum " + kind).fields():
        if field.enumval == int(value):
            return field.name.split("_", 1)[1].lower()
    return f"? ({int(value)})"


def listed(head, kind, member):
    """The structures in a struct list."""
    target = gdb.lookup_type("struct " + kind)
    at = 0
    fields = target
    for part in member.split("."):
        field = next(f for f in fields.fields() if f.name == part)
        at += field.bitpos // 8
        fields = field.type
    link = head["next"]
    for _ in range(MANY):
        if int(link) == int(head.address):
            return
        start = gdb.Value(int(link) - at)
        yield start.cast(target.pointer()).dereference()
        link = link["next"]
    raise gdb.GdbError("the list does not end")


def domains():
    return listed(static("domains"), "domain", "list")


def number(word):
    try:
        return int(gdb.parse_and_eval(word))
    except gdb.error as e:
        raise gdb.GdbError(f"{word}: {e}") from None


def find_domain(domid):
    for d in domains():
        if int(d["domain_id"]) == domid:
            return d
    raise gdb.GdbError(f"there is no domain {domid}")


def vcpus(d):
    for i in range(int(d["max_vcpus"])):
        v = d["vcpu"][i]
        if int(v):
            yield v.dereference()


def virt(mfn):
    """Where the hypervisor sees a frame."""
    base = static("frames_base")
    return (int(base) if base is not None else DIRECT_MAP) + (mfn << PAGE_SHIFT)


def mfn_of(page):
    table = static("frame_table")
    return (int(page) - int(table)) // table.type.target().sizeof


def table_entry(mfn, index):
    at = gdb.Value(virt(mfn) + 8 * index)
    return int(at.cast(gdb.lookup_type("unsigned long").pointer()).dereference())


def walk(d, gfn):
    """The entry of gfn and the level that the walk ended at."""
    mfn = mfn_of(d["p2m"]["root"])
    for level in reversed(range(LEVELS)):
        pte = table_entry(mfn, gfn >> (BITS * level) & ((1 << BITS) - 1))
        mfn = (pte & PTE_MFN_MASK) >> PAGE_SHIFT
        if not level or not pte & PTE_PRESENT or pte & PTE_LARGE:
            return pte, level
    raise AssertionError


def flags_of(v):
    names = [("down", 1), ("blocked", 2), ("polling", 4)]
    flags = int(v["flags"])
    return ", ".join(n for n, bit in names if flags & bit) or "up"


# ---- the bare machine, by QEMU ----

def sees_hypervisor():
    """Does the chosen CPU use the hypervisor's page tables, not a guest's?"""
    count = static("nr_cpus")
    try:
        return count is None or int(count) > 0  # None: hosted
    except gdb.MemoryError:
        return False


def leave_guest():
    """Choose a CPU that is in the hypervisor; wait for one if all are in guests
    or the machine has only begun: each enters a guest by svm_enter()."""
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        if sees_hypervisor():
            return
    gdb.Breakpoint("*svm_enter", internal=True, temporary=True)
    gdb.execute("continue", to_string=True)
    if not sees_hypervisor():
        raise gdb.GdbError("stopped outside the hypervisor")


def attach(words):
    """Once more, when the machine was stopped in a guest: only leave that."""
    if not gdb.selected_inferior().pid:
        gdb.execute("target remote " + words[0], to_string=True)
    leave_guest()
    print(f"attached, on CPU {gdb.selected_thread().num - 1}")


# ---- commands ----

def show_domains(_):
    print("domid  state  vcpus  paused  pages/max     extra  pool used/size  ports")
    for d in domains():
        limit = int(d["max_pages"])
        limit = "-" if limit == 2 ** 64 - 1 else limit
        print(f"{int(d['domain_id']):5}  {enum_name(d['state'], 'domain_state'):5}"
              f"  {sum(1 for _ in vcpus(d)):5}  {int(d['pause_count']):6}"
              f"  {int(d['tot_pages'])}/{limit}  {int(d['extra_pages'])}"
              f"  {int(d['p2m']['pool_used'])}/{int(d['p2m']['pool_pages'])}"
              f"  {int(d['evtchn']['active'])}")


def show_vcpus(words):
    chosen = [find_domain(number(words[0]))] if words else domains()
    for d in chosen:
        for v in vcpus(d):
            io = v["io"]
            waits = (f", waits for server {int(io['server'])}: "
                     f"address {int(io['req']['addr']):#x}"
                     if int(io["pending"]) else "")
            print(f"d{int(d['domain_id'])}v{int(v['vcpu_id'])}: "
                  f"{enum_name(v['place'], 'vcpu_place')}, {flags_of(v)}, "
                  f"paused {int(v['pause_count'])}{waits}  "
                  f"(struct vcpu *){int(v.address):#x}")


def show_p2m(words):
    d, gfn = find_domain(number(words[0])), number(words[1])
    if not int(d["p2m"]["root"]):
        raise gdb.GdbError("a domain that is not translated has no p2m")
    if not 0 <= gfn < 1 << (LEVELS * BITS):
        raise gdb.GdbError("no such gfn")
    pte, level = walk(d, gfn)
    kind = enum_name(pte >> PTE_TYPE_SHIFT & 0xf, "p2m_type")
    if not pte & PTE_PRESENT:
        print(f"gfn {gfn:#x}: {kind}, no frame")
        return
    mfn = ((pte & PTE_MFN_MASK) >> PAGE_SHIFT) + (gfn & ((1 << BITS * level) - 1))
    print(f"gfn {gfn:#x}: {kind}, mfn {mfn:#x}, entry {pte:#x} of level {level}")
    if mfn < int(static("nr_frames")):
        pg = static("frame_table")[mfn]
        owner = pg["owner"]
        who = f"d{int(owner['domain_id'])}" if int(owner) else "nobody"
        print(f"  owner {who}, {int(pg['refs'])} references, "
              f"at {virt(mfn):#x}")


def show_ranges(index, server):
    """Neighbouring segments of one server are one range, as in ioreq-index.h."""
    found, start = [], None
    segments = [index["segment"][i] for i in range(int(index["nr"]))]
    for i, s in enumerate(segments):
        claims = int(s["servers"]) >> server & 1
        if claims and start is None:
            start = int(s["start"])
        if not claims and start is not None:
            found.append((start, int(s["start"]) - 1))
            start = None
    if start is not None:
        found.append((start, 2 ** 64 - 1))
    return found


def show_ioreq(words):
    d = find_domain(number(words[0]))
    io = d["ioreq"]
    for i in range(8):
        if not int(io["server"][i]):
            continue
        s = io["server"][i].dereference()
        enabled = int(io["enabled"]) >> i & 1
        ports = [int(s["port"][n]) for n in range(int(d["max_vcpus"]))]
        print(f"ioreq server {i}: of d{int(s['emulator']['domain_id'])}, "
              f"{'enabled' if enabled else 'disabled'}, "
              f"ring port {int(s['ring_port'])}, vcpus' ports {ports}")
        for kind, name in enumerate(["ports", "memory", "PCI"]):
            if int(io["index"][kind]):
                for a, b in show_ranges(io["index"][kind].dereference(), i):
                    print(f"  {name} {a:#x}-{b:#x}")
    for v in vcpus(d):
        if int(v["io"]["pending"]):
            req = v["io"]["req"]
            print(f"vcpu {int(v['vcpu_id'])} waits: address "
                  f"{int(req['addr']):#x}, {int(req['size'])} bytes, "
                  f"data {int(req['data']):#x}")


def show_ports(words):
    d = find_domain(number(words[0]))
    e = d["evtchn"]
    for i in range(int(e["nr_ports"])):
        chn = e["bucket"][i // 64][i % 64]
        state = enum_name(chn["state"], "evtchn_state")
        if state in ("free", "reserved"):
            continue
        end = ""
        if state == "interdomain":
            end = (f" d{int(chn['remote_dom']['domain_id'])} "
                   f"port {int(chn['remote']['port'])}")
        elif state == "unbound":
            end = f" for d{int(chn['remote_id'])}"
        elif state == "virq":
            end = f" {int(chn['virq'])}"
        print(f"port {i}: {state}{end}, vcpu {int(chn['vcpu'])}")


COMMANDS = {
    "attach": (attach, " SOCKET", 1, 1),
    "domains": (show_domains, "", 0, 0),
    "vcpus": (show_vcpus, " [DOMID]", 0, 1),
    "p2m": (show_p2m, " DOMID GFN", 2, 2),
    "ioreq": (show_ioreq, " DOMID", 1, 1),
    "ports": (show_ports, " DOMID", 1, 1),
}


class Oriel(gdb.Command):
    __doc__ = "The hypervisor's state:\n" + "\n".join(
        f"oriel {name}{rest}" for name, (_, rest, _, _) in COMMANDS.items())

    def __init__(self):
        super().__init__("oriel", gdb.COMMAND_DATA)

    def invoke(self, text, from_tty):
        words = gdb.string_to_argv(text)
        name = words.pop(0) if words else ""
        if name not in COMMANDS:
            raise gdb.GdbError(self.__doc__)
        show, rest, least, most = COMMANDS[name]
        if not least <= len(words) <= most:
            raise gdb.GdbError(f"oriel {name}{rest}")
        if static("domains") is None:
            raise gdb.GdbError("this is no hypervisor, or without symbols")
        if show != attach and not sees_hypervisor():
            raise gdb.GdbError("this CPU is in no hypervisor: oriel attach SOCKET")
        show(words)

    def complete(self, text, word):
        return [name for name in COMMANDS if name.startswith(word)]


Oriel()
