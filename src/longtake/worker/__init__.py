"""Where pictures and books meet: one process that makes what tasks ask for."""
