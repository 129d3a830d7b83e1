"""Distilling: agents that teach smaller ones, and what is shipped of them (notebooks 10 to 12)."""
