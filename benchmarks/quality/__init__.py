"""What really happened next, held out of real clips, beside what is made of them."""
