"""Tuning: agents in other worlds, in parts, one task after another (notebooks 07 to 09)."""
