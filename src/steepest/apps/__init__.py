"""The faces of steepest: Python in `api`, the command line in `cli`. No arithmetic here."""
