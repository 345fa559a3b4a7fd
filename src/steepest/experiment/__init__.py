"""Wire the rooms into studies: tune, train. Nothing here draws, and no statistics are worked out here."""
