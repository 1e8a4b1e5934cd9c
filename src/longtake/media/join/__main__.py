"""In the child: ``python -m longtake.media.join`` makes the file that Join describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from longtake.media import child
from longtake.media.join.assembly import assemble
from longtake.media.join.joined import Order
from longtake.media.wire import Frame


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """Make the file of the order; what was made of it is the answer."""
    order = Order.model_validate(request)
    joined = assemble(order, _given(channel), channel.send)
    return joined.model_dump(mode="json")


def _given(channel: child.Channel) -> Iterator[Frame]:
    """The parent's frames; it waits with sending them until it hears "ready"."""
    channel.send("ready")
    yield from channel.frames()


if __name__ == "__main__":
    child.main(work)
