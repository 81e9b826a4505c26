"""The memory: a shallow attention-MLP that holds every fact of a dictionary. The only package that knows torch.

memory = fit(Facts(subjects, relations, answers), Recipe(profile="fast"), secret=secret)
memory.recall(["PART-0042"], ["standard pack quantity"]).answers   # [("24",)]
memory.save(path)
load(path, secret=secret)
fit(facts, memory.recipe, secret=secret)   # by the resolved recipe: the same facts give the same digest

editor = Editor.of(memory, facts)
staged = editor.stage(Changes(upsert=Facts(...), delete=[(subject, relation)]))   # a new version and its patch
editor.accept(staged)
load(path, secret=secret, patches=[staged.patch])
"""

from service.errors import Outgrown
from service.facts import Facts
from service.memory.editing.draft import Changes
from service.memory.editing.editor import Editor, Staged
from service.memory.fitting import fit
from service.memory.memory import Memory, load
from service.memory.recall import ExactTable, Recalled, Recalls, Verified
from service.memory.recipe import Recipe, Resolved
from service.memory.resolution import read_recipe, reopened

__all__ = [
    "Changes",
    "Editor",
    "ExactTable",
    "Facts",
    "Memory",
    "Outgrown",
    "Recalled",
    "Recalls",
    "Recipe",
    "Resolved",
    "Staged",
    "Verified",
    "fit",
    "load",
    "read_recipe",
    "reopened",
]
