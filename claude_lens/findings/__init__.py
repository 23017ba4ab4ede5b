"""What was wasted: sentences with a price, from what the store knows. One kind of finding is one file."""
