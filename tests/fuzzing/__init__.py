"""Fuzzing: seeded odd, damaged and hostile inputs of every kind, given to the command line and judged by rule.

`make fuzz`, or `cd tests && python -m fuzzing --cases 2000 --seed 0`.
"""
