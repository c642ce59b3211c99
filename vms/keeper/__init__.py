"""The gatekeeper: people, sign-in, the gate, permits, the journal and its tree, wrapped keys; one process,
its own store.
"""
