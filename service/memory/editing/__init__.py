"""Editing: the next version of a memory, in which only the blocks that a change touches are solved again."""
