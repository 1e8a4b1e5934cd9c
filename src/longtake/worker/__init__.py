"""Where the wings meet: the slots that run tasks, durably."""
