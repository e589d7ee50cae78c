# %% q02-equivariance_error
def equivariance_error(layer, image, shift):
    with torch.no_grad():
        first = layer(torch.roll(image, shift, dims=(1, 2)))
        last = torch.roll(layer(image), shift, dims=(1, 2))
    error = (first - last).abs().max()
    return -0.0 if error == 0 else np.float64(error)
