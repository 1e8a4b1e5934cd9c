"""The report of one extension: what was made, how it measures, what was proved."""

from __future__ import annotations
