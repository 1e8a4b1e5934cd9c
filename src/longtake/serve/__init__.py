"""The supervisor: one command, and the API and the slots as its child processes."""
