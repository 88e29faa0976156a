"""Ways in for people: command line, batches, chat page."""
