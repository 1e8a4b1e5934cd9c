"""Joining H.264 without touching the source: the parameter-set transplant.

The continuation is encoded so that its slices can refer to the source's own parameter
sets; every slice header is then written again in the source's terms, and the coded
data behind it is kept. The source's packets and its sample entry stay byte for byte.
Clauses in this package are those of Rec. ITU-T H.264 (08/2021).

How a join uses it::

    stream = SourceStream(extradata)               # avcC of the source
    for packet in packets_kept:                    # in decoding order, all of them
        kind = stream.scan(bytes(packet))          # not IDR: clear its key mark
    recipe = stream.recipe(width=w, height=h, rate=r)   # open an encoder with it
    transplant = Transplant(stream, encoder.extradata)
    data, is_idr = transplant.rewrite(bytes(packet))    # each packet of the encoder

Everything here is bytes in, bytes out: no codec is loaded. Whatever stands against a
copy is raised as :class:`CopyRefused`, whose message is the reason for a report.
"""

from __future__ import annotations


class CopyRefused(Exception):
    """The source's packets cannot be kept beside new ones; says why, in a sentence."""
