# %% own
refused = 0
hoard = []
try:
    for number in range(100_000):
        hoard.append(open("/dev/null"))
except OSError:
    refused += 1
for file in hoard:
    file.close()
try:
    for number in range(100_000):
        open(f"file{number}", "w").close()
except OSError:
    refused += 1
print("refused", "twice" if refused == 2 else refused)
