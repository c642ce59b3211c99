"""Access units on their way to store and viewers: their time, their mask, their fragments.

Entry points: ``timeline`` (UTC), ``masking``, ``fragmenter`` (CMAF), ``pipeline`` (to the sink and the hub),
``live_hub``, ``sink``.
"""
