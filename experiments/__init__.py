"""The recorded runs of the book: `python -m experiments ladder --data PATH --data-name WORDS`."""
