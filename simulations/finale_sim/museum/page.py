"""The museum as one HTML page that needs nothing else: no scripts, no fonts, no network."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from operator import attrgetter

from finale_sim.canaries.elsewhere import NotYet
from finale_sim.museum.exhibit import FINALE_ROOM, SEED_ROOM, Exhibit
from finale_sim.wording import counted

__all__ = ["page"]

_COMMIT = "https://github.com/charmbracelet/crush/commit/"

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --paper: #fff; --card: #f6f8fa;
  --mark: #b42318; --fine: #1a7f37 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4af; --line: #30363d; --paper: #0f1318; --card: #171c22;
  --mark: #ff7b72; --fine: #56d364 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .5rem } h2 { margin: 3.2rem 0 .4rem; font-size: 1.45rem }
h3 { margin: 2.2rem 0 .2rem; font-size: 1.05rem } h3 + p, h2 + p { margin-top: .2rem; color: var(--soft) }
a { color: inherit } code, pre { font: 12.5px/1.5 ui-monospace, Menlo, Consolas, monospace }
code { background: var(--card); border-radius: 4px; padding: .1em .3em } .lead { font-size: 1.12rem }
.words { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.2rem; margin: 1rem 0; padding: 1rem 1.2rem;
  background: var(--card); border-radius: 8px } .words dt { font-weight: 600 } .words dd { margin: 0 }
.sums { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.4rem 0; padding: 0; list-style: none }
.sums li { background: var(--card); border-radius: 8px; padding: .6rem 1rem } .sums b { display: block; font-size: 1.5rem }
details { border: 1px solid var(--line); border-radius: 8px; margin: .55rem 0; background: var(--paper) }
details[open] { border-color: var(--soft) } summary { cursor: pointer; padding: .65rem 1rem; list-style: none }
summary::-webkit-details-marker { display: none } summary b { margin-right: .5rem }
summary small { float: right; color: var(--soft); margin-left: 1rem } summary span { display: block }
.in { padding: .2rem 1rem 1rem; border-top: 1px solid var(--line) }
.facts { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: .55rem 1rem;
  margin: .9rem 0 } .facts dt { color: var(--soft) }
.facts dd { margin: 0; overflow-wrap: anywhere } .facts ol { margin: 0; padding-left: 1.3rem } .broken { color: var(--mark) }
.immune { border-left: 3px solid var(--fine); padding-left: .8rem } .missed { color: var(--mark); font-weight: 600 }
pre { background: var(--card); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; margin: .4rem 0 }
.soft { color: var(--soft) }
table { border-collapse: collapse; width: 100%; margin-top: 1rem } td, th { text-align: left; vertical-align: top;
  padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 500 }
@media (max-width: 40rem) { .facts { grid-template-columns: minmax(0, 1fr); gap: .1rem } .facts dd { margin-bottom: .6rem } }
"""

_INTRODUCTION = """
<h1>A museum of bugs</h1>
<p class="lead">Programs that answer prompts in the background go wrong in ways that nobody sees on their own desk: a client that
waits for ever, a stop button that stops the wrong thing, an answer that appears under another question. These are such bugs, and
each of them was found by a program on the day this page was made.</p>
<p>The library <b>finale</b> makes one promise: what it accepts to work on gets <b>exactly one ending</b>, whatever happens on the
way. Its simulator, <b>finale-sim</b>, tries to catch it breaking that promise. A simulator that never objects proves nothing,
so here it is given programs that are known to be wrong: finale with one mistake put in on purpose, and a model of the
server in which many of these mistakes were really made. It plays a situation with them, again and again, each time a little
differently, and is not told what is wrong.</p>
<dl class="words">
<dt>run</dt><dd>one prompt that was accepted, from there to its ending: completed, failed or cancelled</dd>
<dt>session</dt><dd>one conversation; its runs take turns</dd>
<dt>trial</dt><dd>one execution of the whole program in the simulator, in which everything that could go one way or another is
chosen: who is faster, when a cancel comes, whether a disk fails</dd>
<dt>happy path</dt><dd>the trial in which every choice is the least surprising one</dd>
<dt>deviation</dt><dd>a choice that is another one; the fewer are needed, the easier a bug is to understand</dd>
<dt>witness</dt><dd>somebody who reads along from the start and misses nothing; a <b>waiter</b> waits for the end of one run</dd>
</dl>
"""
_FIRST_ROOM = """
<h2>finale, broken on purpose</h2>
<p>In each of these one thing in the library, or in the client in front of it, is as a tired colleague would have written it. They
are sorted by the promise that they break. Open one to see how it was found.</p>
"""
_SECOND_ROOM = """
<h2>The dispatcher that finale grew out of</h2>
<p>A small model of a real server, written anew from how it behaves, with the same outside as finale. Nothing was broken for this:
these holes were still there when its code was read.</p>
"""
_NO_ROOM = """
<h2>Not yet applicable</h2>
<p>These happened as well, and finale has nothing yet that could go wrong in this way.</p>
"""


def page(shown: Sequence[Exhibit], absent: Sequence[NotYet]) -> str:
    """The page. Each exhibit is closed at first, and says in a line what somebody would have seen of it."""
    finale = sorted((one for one in shown if one.room == FINALE_ROOM), key=attrgetter("claim"))
    seed = [one for one in shown if one.room == SEED_ROOM]
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>A museum of bugs</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body><main>',
        _INTRODUCTION,
        _sums(shown),
        _FIRST_ROOM,
        *_rooms(finale),
        _SECOND_ROOM,
        *(_exhibit(one) for one in seed),
        _NO_ROOM,
        _absent(absent),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _sums(shown: Sequence[Exhibit]) -> str:
    caught = [one for one in shown if one.caught]
    real = len({one.case for one in shown if one.case})
    trials = sorted(one.found.search.trials for one in caught)
    sums = [
        (str(len(shown)), "bugs"),
        (str(real), "different ones that happened in a real program"),
        (str(len(caught)), "found by the claim that they break"),
        (str(trials[len(trials) // 2]) if trials else "–", "at most, for each of the quicker half: its trials"),
        (str(max((len(one.deviations) for one in caught), default=0)), "at most, in any explanation: its deviations"),
    ]
    return '<ul class="sums">' + "".join(f"<li><b>{number}</b>{what}</li>" for number, what in sums) + "</ul>"


def _rooms(shown: Sequence[Exhibit]) -> Iterator[str]:
    for claim, group in groupby(shown, key=attrgetter("claim")):
        inside = list(group)
        yield f"<h3>{_plain(claim)}</h3><p>Promise: {escape(inside[0].promise)}.</p>"
        yield from (_exhibit(one) for one in inside)


def _plain(claim: str) -> str:
    """``I4 cancel scope`` → ``Cancel scope``: the number is for those who read the specification."""
    number, _, words = claim.partition(" ")
    words = words if number[:1] == "I" and number[1:].isdigit() else claim
    return escape(words[:1].upper() + words[1:])


def _exhibit(one: Exhibit) -> str:
    search, steps = one.found.search, one.deviations
    count = f"{counted(search.trials, 'trial')}, {counted(len(steps), 'deviation')}"
    facts = [
        ("What is wrong", escape(one.wrong)),
        ("What broke", f'<span class="broken">{escape(one.evidence)}</span>'),
        (
            "How it was found",
            f"scenario “{escape(one.scenario)}”, strategy “{escape(search.strategy)}”, after {count.partition(',')[0]}",
        ),
        ("What it takes", _steps(steps)),
        ("What was seen", f"<pre>{escape(one.seen)}</pre>"),
        ("In a picture", one.picture),
        ("Step by step", _steps_of_tasks(one)),
        ("Why finale cannot have it", f'<div class="immune">{escape(one.immune)}</div>'),
    ]
    if one.case:
        facts.insert(1, ("Where it happened", _origin(one)))
    if one.found.token:
        facts.append(("See it again", f"<pre>{escape(f'finale-sim replay {one.found.token} {one.again}')}</pre>"))
    body = "".join(f"<dt>{title}</dt><dd>{text}</dd>" for title, text in facts)
    missed = "" if one.caught else ' <span class="missed">not caught by the claim it is about</span>'
    head = f"<summary><small>{count}</small><b>{escape(one.name)}</b>{missed}<span>{escape(one.symptom)}</span></summary>"
    return f'<details>{head}<div class="in"><dl class="facts">{body}</dl></div></details>'


def _steps_of_tasks(one: Exhibit) -> str:
    return f"<details><summary>{_LEGEND}</summary><pre>{escape(one.timeline)}</pre></details>"


_LEGEND = '<span class="soft">which task took which step when, and what it → waits for</span>'


def _steps(steps: Sequence[str]) -> str:
    if not steps:
        return "nothing: it breaks on the happy path already"
    return "<ol>" + "".join(f"<li>{escape(step)}</li>" for step in steps) + "</ol>"


def _origin(one: Exhibit) -> str:
    known = f"<code>{escape(one.case)}</code> in charmbracelet/crush"
    if not one.commit:
        return f"{known}; still there when its code was read"
    return f'{known}; put right in <a href="{_COMMIT}{escape(one.commit)}">{escape(one.commit)}</a>'


def _absent(absent: Sequence[NotYet]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(n.case)}</code></td><td>{escape(n.part)}</td><td>{escape(n.reason)}</td></tr>" for n in absent
    )
    return f"<table><tr><th>case</th><th>needs</th><th>why not here</th></tr>{rows}</table>"
