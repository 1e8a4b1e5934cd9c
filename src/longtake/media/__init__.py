"""Files to frames and sound, and back.

Every decode of bytes that came from outside runs in a limited child process: a module
that does so has a ``work`` function, run by ``python -m longtake.media.<module>`` after
the child has been confined, and a parent-side function that starts it.
"""
