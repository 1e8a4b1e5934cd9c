"""The limited child: where bytes that came from outside are decoded.

A module with work for such a child ends in::

    if __name__ == "__main__":
        child.main(work)

and its parent-side function opens ``Child("longtake.media.<module>", request, ...)``.
The child imports its libraries, reads the request, is confined (media.confine) to the
files named in it, and only then calls ``work(request, channel)``.
"""

from __future__ import annotations
