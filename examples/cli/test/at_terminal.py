"""Runs a command on a pseudo-terminal: `at_terminal.py ROWS COLUMNS COMMAND …`.

Standard input takes one JSON value a line: {"type": TEXT} types, {"size": [ROWS, COLUMNS]} resizes. Standard output is
what the command writes to its terminal, and the exit code is its own, or 128 and the signal's number.
"""

import fcntl, json, os, pty, select, struct, sys, termios

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, rows, columns)
    os.execvp(command[0], command)

os.set_blocking(terminal, False)
unread, untyped, sources = b"", b"", [terminal, 0]
while terminal in sources:
    readable, writable, _ = select.select(sources, [terminal] if untyped else [], [])
    if writable:
        untyped = untyped[os.write(terminal, untyped) :]
    for source in readable:
        try:
            data = os.read(source, 65536)
        except OSError:  # EIO
            data = b""
        if not data:  # the command has ended, or whoever uses this: then the terminal is closed as a window is
            sources.remove(terminal)
            break
        elif source == terminal:
            os.write(1, data)
        else:
            *lines, unread = (unread + data).split(b"\n")
            for order in map(json.loads, lines):
                if "size" in order:
                    resize(terminal, *order["size"])
                else:
                    untyped += order["type"].encode()
os.close(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
