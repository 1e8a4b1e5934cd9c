"""Engines turn a context into a continuation; each runs in a process of its own."""
