# %% own
for number in range(100):
    with open(f"/dev/shm/file{number}", "wb") as file:
        file.write(bytes(10_000_000))
