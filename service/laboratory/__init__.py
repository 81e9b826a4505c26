"""The laboratory: experiments on a table of facts. Knows the memory, but neither torch nor where results are kept.

An experiment is a function of its inputs and a bench, which returns a document; the registry lists them by id.

bench, document, statements           where an experiment works, what it returns, and the sentences in it
tables, synthetic, targets            facts as numbers: a dictionary's and the synthetic task's, and what is learned
thresholds, search                    the largest number of facts held, and the search for it over sizes and seeds

Each of the other folders is an experiment with all that it alone needs, but for sizes, which is three: capacity,
allocation and heads.
"""
