# %% own
%reset -f
