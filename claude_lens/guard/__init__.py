"""Ceilings: rules, windows, what was spent under them, what a refusal says. Pure but for its clock."""
