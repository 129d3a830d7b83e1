"""Where the agent begins: tables with exact values, and environments whose values are known."""
