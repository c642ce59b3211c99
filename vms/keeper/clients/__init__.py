"""How other processes speak to the keeper, one small class an audience; nothing here runs in the keeper.

Entry points: ``audiences`` (web, recorder, provisioner), ``account`` (a person's own account), ``host`` (start-up,
mailer, witnesses), ``signing`` (benches and tests, which sign without a browser).
"""
