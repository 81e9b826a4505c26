"""The laboratory: experiments on a table of facts. Knows the memory, but neither torch nor where results are kept.

An experiment is a function in a module of its name; experiments.py lists them.

asked, bench, document, sentences    what it is asked, works at, ends in and says
tables, parts, synthetic, targets    facts as numbers: a dictionary's, the synthetic task's, and what of them is learned
edges                                the largest number of facts held, and how sure that is over seeds
exhaustive                           every fact of the synthetic task, each in fresh noise

What only one of them needs, or one group:

sizes/     capacity, allocation, heads      costs/    budget      weight_bits    precision
layers/    depth                            ranks/    rank        stages         learning
"""
