"""What each audience may ask of the keeper, one handler an audience: ``web``, ``recorder``, ``provisioner``,
``witness``, ``host``, ``public``; audiences know nothing of each other.

The web's is in parts: ``sign_in``, ``access`` and ``recovery`` (other people's accounts), ``provider_sign_in``,
``documents``, ``journal``, ``session_view``. ``mask_reports`` is the recorder's.
"""
