"""What the holders of a commune's key do with it: unlock it, try it in a drill, add and remove tokens (A-12, A-14,
A-21).

Entry points: ``unlocking``, ``tokens``, ``drill``; ``means`` opens the private key by passphrase or token for all
three.
"""
