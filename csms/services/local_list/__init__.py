"""Local authorization lists: the id tokens that charge points may accept by themselves (D01)."""
