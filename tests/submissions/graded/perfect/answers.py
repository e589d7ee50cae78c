# %% q01-output_size
def output_size(x, y, k, p, s):
    return [(side + 2 * p - k) // s + 1 for side in (x, y)]

# %% q01-conv_weights
def conv_weights(k, z):
    return k * k * z + 1

# %% q01-dense_weights
def dense_weights(x, y, z, k, p, s):
    rows, columns = output_size(x, y, k, p, s)
    return (x * y * z + 1) * rows * columns

# %% [markdown] q01-prose
# A 5×5 filter on 32×32×3 gives 28×28 numbers and learns 76 weights; the dense layer needs 2 409 568.

# %% own
import numpy as np
import torch
from torch import nn

# %% q02-inputs_seen
def inputs_seen(kind, x, y, z, k):
    return k * k * z if kind == "conv" else x * y * z

# %% q02-equivariance_error
def equivariance_error(layer, image, shift):
    with torch.no_grad():
        first = layer(torch.roll(image, shift, dims=(1, 2)))
        last = torch.roll(layer(image), shift, dims=(1, 2))
    return (first - last).abs().max()

# %% q02-count_weights
def count_weights(kind, x, y, z, k, c):
    return c * (k * k * z + 1) if kind == "conv" else (x * y * z + 1) * x * y * c

# %% q03-max_pool
def windows(image, k, s):
    shape = ((image.shape[1] - k) // s + 1, (image.shape[2] - k) // s + 1)
    places = np.ndindex(*shape)
    return shape, [image[:, s * i : s * i + k, s * j : s * j + k] for i, j in places]

def max_pool(image, k, s):
    shape, cut = windows(np.asarray(image), k, s)
    return np.stack([part.max(axis=(1, 2)) for part in cut], axis=1).reshape(-1, *shape)

# %% q03-avg_pool
def avg_pool(image, k, s):
    shape, cut = windows(np.asarray(image), k, s)
    return np.stack([part.mean(axis=(1, 2)) for part in cut], axis=1).reshape(-1, *shape)

# %% q03-shift_change
def shift_change(image, pool):
    before, after = pool(image), pool(np.roll(image, 1, axis=2))
    return np.abs(after - before).sum() / np.abs(before).sum()

# %% q04-first_failure
def next_shape(layer, shape):
    kind = layer["kind"]
    if kind == "relu":
        return shape
    if kind == "flatten":
        return [int(np.prod(shape))]
    if kind == "linear":
        return [layer["out_features"]] if shape == [layer["in_features"]] else None
    if kind == "conv" and layer["in_channels"] != shape[0]:
        return None
    k, s, p = layer["kernel_size"], layer["stride"], layer.get("padding", 0)
    if min(shape[1:]) + 2 * p < k:
        return None
    channels = layer["out_channels"] if kind == "conv" else shape[0]
    return [channels, *((side + 2 * p - k) // s + 1 for side in shape[1:])]

def first_failure(layers, input_shape):
    shapes, shape = [], list(input_shape)
    for index, layer in enumerate(layers):
        shape = next_shape(layer, shape)
        if shape is None:
            return index, shapes
        shapes.append(shape)
    return None, shapes

# %% q05-linear_to_conv
def linear_to_conv(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.reshape(-1, c, h, w))
        if linear.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv

# %% q06-fully_convolutional
def fully_convolutional(net, made_for):
    layers, shape = [], None
    values = torch.zeros(1, *made_for)
    for layer in net:
        before, values = values, layer(values)
        if isinstance(layer, nn.Flatten):
            shape = before.shape[1:]
        elif isinstance(layer, nn.Linear):
            shape = shape or (layer.in_features, 1, 1)
            layers.append(linear_to_conv(layer, *shape))
            shape = None
        else:
            layers.append(layer)
    return nn.Sequential(*layers)

# %% q06-map_shape
def map_shape(layers, made_for, input_shape):
    body = layers[: [layer["kind"] for layer in layers].index("flatten")]
    (_, planned), (failed, shapes) = first_failure(body, made_for), first_failure(body, input_shape)
    planned = planned[-1] if planned else made_for
    if failed is not None:
        return None
    maps = shapes[-1] if shapes else input_shape
    sides = [side - kernel + 1 for side, kernel in zip(maps[1:], planned[1:])]
    return None if min(sides) < 1 else [layers[-1]["out_features"], *sides]

# %% q07-receptive_field
def receptive_field(layers):
    fields, field, jump = [], 1, 1
    for layer in layers:
        if "kernel_size" in layer:
            field += (layer["kernel_size"] - 1) * jump
            jump *= layer["stride"]
        fields.append(field)
    return fields

# %% q07-first_layer_seeing
def first_layer_seeing(layers, size):
    seen = [field >= size for field in receptive_field(layers)]
    return seen.index(True) if True in seen else None

# %% q07-measured_field
def measured_field(net, image):
    pixels = image.clone().requires_grad_()
    output = net(pixels[None])[0]
    output[0, output.shape[1] // 2, output.shape[2] // 2].backward()
    rows, columns = pixels.grad.abs().sum(0).nonzero(as_tuple=True)
    return [int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1]
