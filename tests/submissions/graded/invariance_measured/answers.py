# %% q02-equivariance_error
def equivariance_error(layer, image, shift):
    moved = torch.roll(image, shift, dims=(1, 2))
    return (layer(moved) - layer(image)).abs().max().item()
