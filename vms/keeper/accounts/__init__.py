"""How an account begins, comes back and what it may not do meanwhile: the ladder of rights on rows (P-58, decision
0033).

Entry points: ``invitations``, ``recovery``, ``standing`` (who owes an account to whom), ``dormant_rights.Rest``.
"""
