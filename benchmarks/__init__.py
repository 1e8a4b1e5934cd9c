"""Measurements that the documentation may quote. See README.md beside this file."""
