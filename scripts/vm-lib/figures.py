# SPDX-License-Identifier: MIT
"""What was measured in machines, kept and shown: docs/bench-vm.{tsv,md,svg}.

The data file has one line for each figure, with tabs between:

  machine  HYPERVISOR  TEXT                 what was measured on
  row      GROUP  LABEL  HYPERVISOR  N      instructions
  pair     LABEL  HYPERVISOR  OURS  DEBIANS the same call of two libraries

A run replaces the lines of its own hypervisor; table and picture show all.
Xen's dom0 is PV; Oriel's is PVH in "oriel" and PV in "oriel-pv".
"""
import math

BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
HYPERVISORS = {"xen": "Xen 4.17", "oriel": "Oriel",
               "oriel-pv": "Oriel, PV dom0"}
GROUPS = {"guest": "A guest, on leaving",
          "looks": "A guest whose device model looks, two CPUs",
          "dom0": "A program of dom0, by call",
          "qemu": "An HVM guest under xl and QEMU"}


class Figures:
    def __init__(self, path):
        self.path, self.lines = path, []
        try:
            with open(path) as f:
                self.lines = [line.rstrip("\n").split("\t") for line in f]
        except FileNotFoundError:
            pass

    @staticmethod
    def owner(line):
        return line[{"machine": 1, "row": 3, "pair": 2}[line[0]]]

    def of_group(self, hypervisor, groups):
        """The rows of some groups."""
        return [li for li in self.lines if self.owner(li) == hypervisor and
                li[0] == "row" and li[1] in groups]

    def replace(self, hypervisor, lines):
        """Keeps the order of the labels: Xen's lines come first."""
        mine = [[str(field) for field in line] for line in lines]
        rest = [li for li in self.lines if self.owner(li) != hypervisor]
        self.lines = mine + rest if hypervisor == "xen" else rest + mine

    def write(self):
        with open(self.path, "w") as f:
            f.writelines("\t".join(line) + "\n" for line in self.lines)

    def rows(self, group):
        """label: {hypervisor: instructions}"""
        found = {}
        for line in self.lines:
            if line[0] == "row" and line[1] == group:
                found.setdefault(line[2], {})[line[3]] = int(line[4])
        return found

    def pairs(self, hypervisor):
        return [(li[1], int(li[3]), int(li[4])) for li in self.lines
                if li[0] == "pair" and li[2] == hypervisor]

    def machine(self, hypervisor):
        for line in self.lines:
            if line[:2] == ["machine", hypervisor]:
                return line[2]
        return None


def number(n):
    return f"{n:,}".replace(",", " ") if n is not None else ""


def ratio(ours, theirs):
    """Rounded up, so that 1.0000 is not more."""
    return f"{math.ceil(ours * 10000 / theirs) / 10000:.4f}"


# ---- Markdown ----

def markdown(figures):
    text = ""
    for h, name in HYPERVISORS.items():
        if figures.machine(h):
            text += f"{name}: measured on {figures.machine(h)}.\n"
    for group, title in GROUPS.items():
        text += (f"\n### {title}\n\n| | {' | '.join(HYPERVISORS.values())} |\n"
                 f"|---|{'---:|' * len(HYPERVISORS)}\n")
        for label, n in figures.rows(group).items():
            text += f"| {label} |" + "".join(
                f" {number(n.get(h))} |" for h in HYPERVISORS) + "\n"
    for h, name in HYPERVISORS.items():
        if not figures.pairs(h):
            continue
        text += (f"\n### Our libxenforeignmemory and Debian's, on {name}\n\n"
                 "| | ours | Debian's | ratio |\n|---|---:|---:|---:|\n")
        for label, ours, theirs in figures.pairs(h):
            text += (f"| {label} | {number(ours)} | {number(theirs)} | "
                     f"{ratio(ours, theirs)} |\n")
    return text


def write_markdown(figures, path):
    with open(path) as f:
        old = f.read()
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    with open(path, "w") as f:
        f.write(before + BEGIN + markdown(figures) + END + after)


# ---- the picture ----

WIDTH, LEFT, RIGHT, ROW, BAR = 900, 310, 780, 36, 9
STYLE = """<style>
text { font: 12px sans-serif; fill: #57606a; }
.title { font-weight: bold; fill: #24292f; }
.xen { fill: #8c959f; }
.oriel { fill: #4c8bd0; }
.oriel-pv { fill: #a475c9; }
.grid { stroke: #8c959f; stroke-opacity: 0.25; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
text { fill: #9da7b1; }
.title { fill: #e6edf3; }
}
</style>
"""


def x_of(n, low, high):
    at = math.log10(n) - low
    return LEFT + (RIGHT - LEFT) * at / (high - low)


def panel(title, rows, top):
    """Bars on a logarithmic axis from 100; the text, and where it ends."""
    low = 2
    high = math.ceil(math.log10(max(n for r in rows.values()
                                    for n in r.values())))
    bottom = top + 26 + ROW * len(rows)
    out = f'<text class="title" x="12" y="{top + 12}">{title}</text>\n'
    for power in range(low, high + 1):
        x = x_of(10 ** power, low, high)
        out += (f'<line class="grid" x1="{x:.1f}" y1="{top + 22}" '
                f'x2="{x:.1f}" y2="{bottom}"/>\n<text x="{x:.1f}" '
                f'y="{bottom + 15}" text-anchor="middle">'
                f'{10 ** (power % 3)}{" kMG"[power // 3].strip()}</text>\n')
    for i, (label, values) in enumerate(rows.items()):
        y = top + 26 + ROW * i
        out += (f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">'
                f'{label}</text>\n')
        for j, h in enumerate(HYPERVISORS):
            if h in values:
                right = x_of(max(values[h], 100), low, high)
                out += (f'<rect class="{h}" x="{LEFT}" y="{y + j * 10}" '
                        f'width="{right - LEFT:.1f}" height="{BAR}"/>\n'
                        f'<text x="{right + 5:.1f}" y="{y + j * 10 + 9}" '
                        f'style="font-size:10px">{number(values[h])}'
                        '</text>\n')
    return out, bottom + 40


def write_svg(figures, path):
    body, top = "", 44
    for group, title in GROUPS.items():
        if rows := figures.rows(group):
            text, top = panel(title, rows, top)
            body += text
    legend = "".join(
        f'<rect class="{h}" x="{500 + 120 * i}" y="9" width="12" '
        f'height="{BAR}"/><text x="{518 + 120 * i}" y="18">{name}</text>\n'
        for i, (h, name) in enumerate(HYPERVISORS.items()))
    with open(path, "w") as f:
        f.write('<svg xmlns="http://www.w3.org/2000/svg" '
                f'width="{WIDTH}" height="{top}" '
                f'viewBox="0 0 {WIDTH} {top}" role="img">\n'
                "<title>What operations cost in a machine</title>\n" + STYLE +
                '<text x="12" y="18">Instructions, on a logarithmic axis; '
                "less is better.</text>\n" + legend + body + "</svg>\n")
