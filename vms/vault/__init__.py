"""The camera vault: every password that opens a camera, in files whose key only the provisioner reads (A-05, O-25)."""
