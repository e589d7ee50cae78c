"""The recorded runs of the book: `python -m experiments run q15 --data PATH`."""
