"""The memory: a shallow attention-MLP that holds every fact of a dictionary. The only package that knows torch.

memory = fit(Facts(subjects, relations, answers), Recipe(profile="fast"), secret=secret)
memory.recall(["PART-0042"], ["standard pack quantity"]).answers   # [("24",)]
memory.save(path)
load(path, secret=secret)
"""

from service.memory.baseline import ExactTable
from service.memory.facts import Facts, Recalled, Recalls, Verified
from service.memory.memory import Memory, load
from service.memory.recipe import Recipe
from service.memory.training import fit

__all__ = ["ExactTable", "Facts", "Memory", "Recalled", "Recalls", "Recipe", "Verified", "fit", "load"]
