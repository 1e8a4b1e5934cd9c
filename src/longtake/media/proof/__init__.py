"""What a finished file is held against: packets, times, pictures and sound of its source."""
