"""Facts of a study from its journal, then pictures, a page, Markdown, text, JSON; and the exported script."""
