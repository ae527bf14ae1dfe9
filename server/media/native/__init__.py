"""The relay's inner loop in C, for machines with a compiler. Without it everything works the same, in Python."""
