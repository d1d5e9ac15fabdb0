"""What jobs run: each kind of program as a circuit, its shots in the format that was asked for, and its cost."""
