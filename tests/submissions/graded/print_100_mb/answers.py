# %% own
print("x" * 100_000_000)
for number in range(10_000):
    print(number)
