"""Linear and mixed-integer programs of whole assignments and of parts of them, and the search that decides which."""
