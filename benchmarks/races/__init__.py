"""Small programs with one bug each, in plain trio, and how each is put right. See ``suite_races.py``.

Those of SCTBench (P. Thomson, A. Donaldson, A. Betts: Concurrency Testing Using Schedule Bounding, PPoPP 2014) are written anew
from what is published about them: the threads are tasks, a thread switch can come wherever there is an ``await``, and starting a
thread takes a step (``started``). A program is made by a function, ``sound=True`` makes its corrected twin.
"""
