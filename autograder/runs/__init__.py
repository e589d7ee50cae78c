"""Training runs that were handed in: re-measured, never believed, never trained again.

- `files` takes the files in, `measuring` asks the process that reads them, `marking.measurer`
- `reading` makes a record and weights of bytes, `facts` what must hold of them
- `features` are the numbers of a curve, `bands` where those of our own runs lie
- `recording` trains the runs from which the bands come
"""
