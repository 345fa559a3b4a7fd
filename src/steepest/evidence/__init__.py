"""Numbers in, verdicts out: intervals, tests, looks, families, the winner's curse, interactions.

Pure functions on arrays; nothing here knows what a network is. Where to look:

    paired      one contender against another: intervals, exact tests, chance of winning
    diverged    what a run that ended in NaN counts as
    resampled   intervals when the splits overlap
    rope        the smallest difference that matters
    looks       looking at the result before all replicates are in
    power       how many replicates settle a question
    verdict     all of it in one word and one sentence
    family      many contenders at once
    curse       how far the search flattered its winner
    aggregate   methods across many data sets
    factorial   do two strategies help or hinder each other?
    importance  which knobs mattered: what sets the best trials apart
    values      which value of a knob is best, and how sure that is
    room        how much the leaders still differ
    forest      a second opinion: variance shares from a random forest
"""
