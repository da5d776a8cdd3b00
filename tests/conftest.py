"""What all tests rely on."""

import signal

# A shell without job control starts background jobs, and a CI may start us, with SIGINT ignored. Tests of Ctrl-C, and the
# programs that they start, need it to be what it is for somebody at a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["pytester"]  # for tests of the pytest plugin; pytest takes it from here, not from a conftest.py further down
