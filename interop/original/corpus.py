"""The corpus: every request that is sent to the original and to ours.

Names are stable, since `differences.toml` refers to them.
"""

from arithmetic import ARITHMETIC
from calls import CALLS
from protocol import PROTOCOL
from wire import WIRE

REQUESTS = [*PROTOCOL, *ARITHMETIC, *CALLS, *WIRE]

assert len({request.name for request in REQUESTS}) == len(REQUESTS), "two requests of one name"
