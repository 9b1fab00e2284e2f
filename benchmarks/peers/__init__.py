"""Systems of others, run beside ours as programs of their own; nothing of theirs is imported."""
