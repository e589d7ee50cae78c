# %% own
print("\n" * 1_000_000)
for number in range(100_000):
    print(number)
