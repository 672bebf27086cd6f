"""What generates files of this project; not installed."""
