"""What keys open and when they end: group keys for a page, package keys, destruction of what is due (P-30…P-38,
P-40).

Entry points: ``windows.KeyWindows``, ``package_keys.PackageKeys``, ``destruction.destroy_due``,
``token_reader.TokenReader``.
"""
