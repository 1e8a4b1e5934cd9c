"""HTTP: the wire contract over the books. It holds no codec and runs no task."""
