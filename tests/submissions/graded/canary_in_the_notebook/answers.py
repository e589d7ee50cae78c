# %% own
"@SUBMISSION@"
# %% [markdown] q01-prose
# @SUBMISSION@ is what the others must not read.
