# %% own
net = nn.Linear(4, 2)
torch.save(net.state_dict(), "net.pt")
other = nn.Linear(4, 2)
other.load_state_dict(torch.load("net.pt"))
np.savez("numbers.npz", a=np.arange(3))
print("the same weights:", torch.equal(net.weight, other.weight))
