#!/usr/bin/env python3
"""Run commands in turn, several rounds, and compare their times and memory.

usage: rounds.py [options] NAME=COMMAND ...

Each COMMAND is for bash. The order changes from round to round, so that no
one always comes first; the medians are compared. Ends with 1 when a command
fails or a limit is not kept. Python's own library is all it needs.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time


def parse():
    p = argparse.ArgumentParser(usage="rounds.py [options] NAME=COMMAND ...")
    p.add_argument("contenders", nargs="+", type=lambda s: tuple(s.split("=", 1)))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--bytes", type=int, default=0, help="what each moves, for a column of speeds")
    p.add_argument("--before", default="true", help="command before each run, not timed")
    p.add_argument("--after", default="true", help="command after each run, not timed; $NAME says whose it was")
    p.add_argument("--time", nargs=3, action="append", default=[], metavar=("NAME", "FACTOR", "OTHER"),
                   help='NAME may take FACTOR times as long as OTHER; "fastest" is the fastest of the others')
    p.add_argument("--seconds", nargs=2, action="append", default=[], metavar=("NAME", "SECONDS"))
    p.add_argument("--memory", nargs=2, action="append", default=[], metavar=("NAME", "MIB"))
    return p.parse_args()


def run(name, command):
    """Seconds and peak resident MiB of a command, the largest of its processes."""
    began = time.monotonic()
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", command], stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    if status != 0:
        sys.exit(f"{name} failed with {os.waitstatus_to_exitcode(status)}: {command}")
    return took, usage.ru_maxrss / (1 if sys.platform != "darwin" else 1024) / 1024


def measure(o):
    times, memory = {n: [] for n, _ in o.contenders}, {n: 0.0 for n, _ in o.contenders}
    for r in range(o.rounds):
        turn = r % len(o.contenders)
        for name, command in o.contenders[turn:] + o.contenders[:turn]:
            subprocess.run(["bash", "-c", o.before], check=True)
            took, peak = run(name, command)
            subprocess.run(["bash", "-c", o.after], check=True, env=os.environ | {"NAME": name})
            times[name].append(took)
            memory[name] = max(memory[name], peak)
            print(f"round {r + 1}: {name} {took:.2f} s, {peak:.0f} MiB", file=sys.stderr)
    return times, memory


def table(o, times, memory):
    first = statistics.median(times[o.contenders[0][0]])
    width = max(len(n) for n in times)
    print(f"{'':{width}}  median s     (min–max)      MB/s  peak MiB  ÷ {o.contenders[0][0]}")
    for name, took in times.items():
        m = statistics.median(took)
        speed = f"{o.bytes / m / 1e6:9.0f}" if o.bytes else f"{'–':>9}"
        spread = f"({min(took):.2f}–{max(took):.2f})"
        print(f"{name:{width}}  {m:8.2f}  {spread:>16}  {speed}  {memory[name]:8.0f}  {m / first:8.2f}")


def limits(o, times, memory):
    """Says of each limit whether it was kept, and whether all were."""
    medians = {n: statistics.median(t) for n, t in times.items()}
    kept = True

    def judge(ok, text):
        nonlocal kept
        kept &= ok
        print(("kept:   " if ok else "MISSED: ") + text)

    for name, factor, other in o.time:
        rival = min((n for n in medians if n != name), key=medians.get) if other == "fastest" else other
        ratio = medians[name] / medians[rival]
        judge(ratio <= float(factor), f"{name} takes {ratio:.2f} × the time of {rival}, at most {factor}")
    for name, seconds in o.seconds:
        judge(medians[name] <= float(seconds), f"{name} takes {medians[name]:.2f} s, at most {seconds}")
    for name, mib in o.memory:
        judge(memory[name] <= float(mib), f"{name} has {memory[name]:.0f} MiB resident, at most {mib}")
    return kept


def main():
    o = parse()
    times, memory = measure(o)
    table(o, times, memory)
    sys.exit(0 if limits(o, times, memory) else 1)


if __name__ == "__main__":
    main()
