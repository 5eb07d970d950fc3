"""What a comparison says of the goals L1 to L4 and L13 of docs/load-conditioning.md."""

from stand import SLO_MS, figure, median

OURS, TUNED = "seda", "axum-limit"
# These were tuned by hand for this work, or are no product of anybody.
NOT_UNTUNED = (OURS, "seda-classic", TUNED, "nginx-limit", "cap")
GOODPUT = {2: 0.95, 5: 0.92, 10: 0.90}
NEEDLESS = {0.5: 1e-4, 0.9: 1e-2}
# In seconds: how soon a server must have noticed that its work takes longer, or no longer.
NOTICED, RECOVERED = 0.5, 1.0


def cells(records):
    """Gives the runs of each server at each load."""
    found = {}
    for record in records:
        for run in record["runs"]:
            found.setdefault((run["variant"], run["load"]), []).append(run)
    return found


def goodput(run):
    return run["outcomes"]["good"] / run["seconds"] / run["capacity"]


def refused(run):
    outcomes = run["outcomes"]
    return outcomes["rejected"] / max(outcomes["offered"], 1)


def good_between(run, since, until):
    """Gives the good answers per second between two moments of a run, in seconds."""
    series = run["series"]
    good = next(column for column in series["columns"] if column["name"] == "good")
    step = series["step_ms"] / 1e3
    values = [value or 0 for value in good["values"][round(since / step) : round(until / step)]]
    return sum(values) / max(len(values), 1)


def steady(records):
    """Prints every server's goodput, L1, L2 and L4 of ours, and what L13 asks in steady state."""
    found = cells(records)
    for (name, times), runs in found.items():
        parts = [goodput(run) for run in runs]
        figure("L1" if name == OURS else "", f"{name}: goodput / capacity at {times}x", median(parts),
               at_least=GOODPUT.get(times) if name == OURS else None)
    for (name, times), runs in found.items():
        if name == OURS:
            ours(times, runs)
            against(times, runs, found.get((TUNED, times), []))


def ours(times, runs):
    p99 = median([run["latency"]["spread"]["p99"] for run in runs])
    longest = median([run["latency"]["spread"]["max"] for run in runs])
    figure("L2", f"p99 of what was answered at {times}x", p99, "ms", at_most=SLO_MS)
    figure("L2", f"the longest at {times}x", longest, "ms", at_most=1.5 * SLO_MS)
    if times in NEEDLESS:
        figure("L4", f"refused at {times}x", median([refused(run) for run in runs]), at_most=NEEDLESS[times])


def against(times, runs, tuned):
    ratios = [goodput(one) / max(goodput(other), 1e-9) for one, other in zip(runs, tuned)]
    if ratios:
        figure("L13", f"goodput at {times}x, {OURS} / {TUNED} tuned by hand", median(ratios), at_least=0.98)


def other_work(spread, records):
    """Prints L1 and L2 for work that is spread otherwise."""
    for (name, times), runs in cells(records).items():
        value = median([goodput(run) for run in runs])
        figure("L1", f"{name}, {spread}: goodput / capacity at {times}x", value, at_least=GOODPUT.get(times))
        p99 = median([run["latency"]["spread"]["p99"] for run in runs])
        figure("L2", f"{name}, {spread}: p99 at {times}x", p99, "ms", at_most=SLO_MS)


def slowed(records, since, until, factor):
    """Prints what was done while the work took longer, and when it was over."""
    after = {}
    for record in records:
        (run,) = record["runs"]
        name, done = run["variant"], good_between(run, since + NOTICED, until)
        after[name] = done
        figure("L3" if name == OURS else "", f"{name}: goodput / slowed capacity, {factor} times slower",
               done * factor / run["capacity"], at_least=0.85 if name == OURS else None)
        back = good_between(run, until + RECOVERED, run["seconds"])
        figure("L3" if name == OURS else "", f"{name}: goodput / offered, {RECOVERED} s after that",
               back / (run["load"] * run["capacity"]), at_least=0.95 if name == OURS else None)
    others = [rate for name, rate in after.items() if name not in NOT_UNTUNED]
    if OURS in after and others:
        # Most do nothing in time; an answer a second is the least that is told apart.
        ratio = after[OURS] / max(*others, 1.0)
        figure("L13", f"goodput while slow, {OURS} / the best that nobody tuned", ratio, at_least=2)


def stepped(records, at, plateau_from):
    """Prints what ours does in the 200 ms after a step of the load, against what it does later."""
    for (name, times), runs in cells(records).items():
        ratios = []
        for run in runs:
            plateau = good_between(run, plateau_from, run["seconds"])
            ratios.append(good_between(run, at + 0.2, at + 0.7) / max(plateau, 1e-9))
        figure("L3", f"{name}: goodput from 0.2 to 0.7 s after a step to {times}x / plateau", median(ratios), at_least=0.9)
