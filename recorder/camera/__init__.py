"""One camera as long as it is wanted, and all of them together: connection, assignment, watches, health.

Entry points: ``fleet.Fleet`` (what the plan wants), ``camera`` (one camera), ``loop`` (one stream), ``leases`` (many
machines), ``watches`` (what each camera says of itself), ``health``.
"""
