"""How a person shows who they are: passwords, passkeys, second factors, sessions, workstations, signed requests.

Entry points: ``host.Host`` (accounts in the host's own file), ``sessions.Sessions``, ``passwords.Passwords``,
``passkey_ceremonies.Passkeys``, ``second_factor.SecondFactor``, ``request_checker.Wishes``, ``backoff.BackOff``.
Nothing here knows a commune, its rights or its footage.
"""
