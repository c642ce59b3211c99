"""Signing in by an identity provider: OpenID Connect with PKCE, tokens judged here (decision 0019).

Entry point: ``flow.Federation``; ``tokens`` is pure, ``wire`` talks to the provider within bounds.
"""
