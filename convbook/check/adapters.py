"""Call a student's function that takes or gives more than plain values.

An adapter makes what the function takes (a layer, a network) from plain values, calls it, and
gives back plain values from which the answer can be judged without running it again. It knows no
right answer.
"""
