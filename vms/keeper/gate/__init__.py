"""Who may see what, now: the gate's rules, permits, running views and the recorders' plan (design §6).

Entry points: ``gate`` (the decision), ``explain`` (its reasons), ``permit`` (signed, four seconds), ``consultations``
(views while they last), ``plan`` and ``past_plan`` (what the law lets recorders keep), ``statement`` (what the keeper
signs for others).
"""
