"""A recorder's worst days, by the thousand: the real recorder code over a virtual clock, disk, network and database."""
