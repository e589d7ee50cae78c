"""convbook: what the notebooks of the course import.

- `shapes`: sizes, parameters, operations and receptive fields, in exact integers
- `data`: CIFAR-10 as one tensor, from a folder, a download or a stand-in
- `models`: the practical's networks, as data
- `training`: one loop, its history and its checkpoints
- `plots`: curves and pictures in the book's visual language
- `check`: is this answer right?
- `widgets`: the live figures
"""

__version__ = "0.1.0"
