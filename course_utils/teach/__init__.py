"""Learning from others: demonstrations, imitation, Q-learning with both, and designed rewards."""
