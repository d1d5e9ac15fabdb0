"""Azure Quantum on this machine: a service of the same shapes, to test a whole path without an account or a bill."""
