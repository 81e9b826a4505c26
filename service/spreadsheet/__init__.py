"""Reading the parts of an Office Open XML workbook: sheets, cells and what their number formats show.

It runs as `python -m service.spreadsheet`, in a process of its own with limits on memory and time, and knows nothing of
facts: its caller is told what every cell says, and what is strange about it.
"""

DAMAGED, NOT_A_WORKBOOK = 3, 4  # its exit statuses
