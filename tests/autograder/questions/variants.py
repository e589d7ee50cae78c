"""Right answers that look unusual: each must get full marks."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.autograder.questions.solved import answer


class Size(NamedTuple):
    rows: int
    columns: int


def count_places(x, y, k, p, s):
    sides = []
    for side in (x, y):
        start, places = -p, 0
        while start + k <= side + p:
            start, places = start + s, places + 1
        sides.append(places)
    return sides


def conv_shape(x, y, k, p, s):
    return nn.Conv2d(1, 1, k, stride=s, padding=p)(torch.zeros(1, x, y)).shape[1:]


def rolled_twice(layer, image, shift):
    def moved(tensor):
        return tensor.roll(shift[0], 1).roll(shift[1], 2)

    with torch.no_grad():
        return torch.dist(layer(moved(image)), moved(layer(image)), p=math.inf)


def by_index(layer, image, shift):
    _, height, width = image.shape
    rows = (torch.arange(height) - shift[0]) % height
    columns = (torch.arange(width) - shift[1]) % width
    first = layer(image[:, rows][:, :, columns])
    return (first - layer(image)[:, rows][:, :, columns]).abs().amax()


def numpy_error(layer, image, shift):
    def moved(array):
        return np.roll(array, shift, axis=(1, 2))

    def run(array):
        return layer(torch.from_numpy(array)).detach().numpy()

    pixels = image.numpy()
    return np.max(np.abs(run(moved(pixels)) - moved(run(pixels))))


def in_one_go(reduce):
    def pool(image, k, s):
        windows = np.lib.stride_tricks.sliding_window_view(image, (k, k), axis=(1, 2))
        return reduce(windows[:, ::s, ::s], axis=(-2, -1))

    return pool


def unfolded(reduce):
    def pool(image, k, s):
        return reduce(torch.from_numpy(image).double().unfold(1, k, s).unfold(2, k, s).flatten(-2))

    return pool


def as_rows(reduce):
    def pool(image, k, s):
        _, height, width = image.shape
        return [
            [
                [
                    reduce([float(v) for row in channel[i : i + k] for v in row[j : j + k]])
                    for j in range(0, width - k + 1, s)
                ]
                for i in range(0, height - k + 1, s)
            ]
            for channel in image
        ]

    return pool


def in_single_precision(reduce):
    return lambda image, k, s: in_one_go(reduce)(image.astype(np.float32), k, s)


def overwrites_its_image(reduce):
    def pool(image, k, s):
        output = in_one_go(reduce)(image, k, s).copy()
        image[:] = 0
        return output

    return pool


def shifted_by_hand(image, pool):
    moved = np.concatenate([image[:, :, -1:], image[:, :, :-1]], axis=2)
    before = pool(image)
    return np.linalg.norm((pool(moved) - before).ravel(), 1) / np.linalg.norm(before.ravel(), 1)


def shifted_in_torch(image, pool):
    before = torch.as_tensor(pool(image))
    after = torch.as_tensor(pool(np.ascontiguousarray(np.roll(image, 1, -1))))
    return (after - before).abs().sum() / before.abs().sum()


def shifted_exactly(image, pool):
    before, after = pool(image), pool(np.roll(image, 1, axis=2))
    changes = sum(Fraction(float(v)) for v in abs(after - before).ravel())
    return float(changes / sum(Fraction(float(v)) for v in abs(before).ravel()))


def failure_as_list(layers, input_shape):
    index, shapes = answer("q04.first_failure")(layers, input_shape)
    return [index, [list(shape) for shape in shapes]]


def failure_as_dictionary_order(layers, input_shape):
    index, shapes = answer("q04.first_failure")(layers=layers, input_shape=np.array(input_shape))
    return index, [torch.Size(shape) for shape in shapes]


def failure_of_torch(layers, input_shape):
    makers: dict[str, Callable[..., nn.Module]] = {
        "conv": nn.Conv2d,
        "relu": nn.ReLU,
        "max_pool": nn.MaxPool2d,
        "linear": nn.Linear,
    }
    shapes: list[Any] = []
    tensor = torch.zeros(1, *input_shape, device="meta")
    for index, layer in enumerate(layers):
        options = {key: value for key, value in layer.items() if key != "kind"}
        if layer["kind"] == "flatten":
            module: nn.Module = nn.Flatten()
        else:
            with torch.device("meta"):
                module = makers[layer["kind"]](**options)
        try:
            tensor = module(tensor)
        except RuntimeError:
            return index, shapes
        shapes.append(tensor.shape[1:])
    return None, shapes


def failure_numpy_ints(layers, input_shape):
    index, shapes = answer("q04.first_failure")(layers, input_shape)
    return None if index is None else np.int64(index), [
        tuple(np.int32(side) for side in shape) for shape in shapes
    ]


def failure_changes_its_input(layers, input_shape):
    result = answer("q04.first_failure")(list(layers), list(input_shape))
    layers.clear()
    return result


def conv_from_state(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    state = {"weight": linear.weight.view(linear.out_features, c, h, w)}
    if linear.bias is not None:
        state["bias"] = linear.bias
    conv.load_state_dict(state)
    return conv


def conv_from_parameters(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, kernel_size=[h, w], padding="valid")
    conv.weight = nn.Parameter(linear.weight.detach().unflatten(1, (c, h, w)))
    conv.bias = linear.bias
    return conv


def conv_shared_data(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), stride=(1, 1), padding=(0, 0), bias=False)
    conv.weight.data = linear.weight.data.reshape(conv.weight.shape)
    conv.bias = linear.bias
    return conv


def conv_by_loops(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), 1, 0, 1, 1, linear.bias is not None)
    with torch.no_grad():
        for place in range(c * h * w):
            channel, rest = divmod(place, h * w)
            conv.weight[:, channel, rest // w, rest % w] = linear.weight[:, place]
        if linear.bias is not None:
            conv.bias[:] = linear.bias
    return conv.eval()


def conv_always_biased(linear, c, h, w):
    """A bias of zeros adds nothing."""
    conv = nn.Conv2d(c, linear.out_features, (h, w))
    conv.weight.data = linear.weight.data.reshape(conv.weight.shape)
    conv.bias.data = torch.zeros(len(linear.weight)) if linear.bias is None else linear.bias.data
    return conv


class OwnConv(nn.Conv2d):
    pass


def conv_subclass(linear, c, h, w):
    conv = OwnConv(c, linear.out_features, (h, w), bias=linear.bias is not None)
    conv.load_state_dict(conv_from_state(linear, c, h, w).state_dict())
    return conv


def filter_by_slices(weights, x, y, z):
    return [weights[channel::z].reshape(x, y) for channel in range(z)]


def filter_by_permutation(weights, x, y, z):
    return torch.from_numpy(weights).view(x, y, z).permute(2, 0, 1)


def filter_by_the_unit_itself(weights, x, y, z):
    """Ask the unit: light one number of the image at a time, and note what comes out."""
    kernel = np.zeros((z, x, y))
    for place in np.ndindex(z, x, y):
        image = np.zeros((z, x, y))
        image[place] = 1
        kernel[place] = image.transpose(1, 2, 0).ravel() @ weights
    return kernel


def local_weights_one_by_one(x, y, z, k, p, s, n):
    weights = biases = 0
    for _ in range(0, x + 2 * p - k + 1, s):
        for _ in range(0, y + 2 * p - k + 1, s):
            weights += n * z * k**2
            biases += n
    return weights, biases


def local_weights_of_torch(x, y, z, k, p, s, n):
    columns = F.unfold(torch.zeros(1, z, x, y), k, padding=p, stride=s)
    return torch.tensor([n * columns[0].numel(), n * columns.shape[2]])


class Slides(nn.Module):
    """A module that converts nothing: it slides the fully-connected part by hand."""

    def __init__(self, net, made_for):
        super().__init__()
        cut = next(i for i, layer in enumerate(net) if isinstance(layer, nn.Flatten))
        self.body, self.head = net[:cut], net[cut + 1 :]
        self.sides = self.body(torch.zeros(1, *made_for)).shape[2:]

    def forward(self, images):
        columns = F.unfold(self.body(images), self.sides).transpose(1, 2)
        maps = self.body(images).shape
        rows = maps[2] - self.sides[0] + 1
        return self.head(columns).transpose(1, 2).unflatten(2, (rows, -1))


def in_place(net, made_for):
    return answer("q06.fully_convolutional")(net=net, made_for=list(made_for)).train()


def as_function(net, made_for):
    module = answer("q06.fully_convolutional")(net, made_for)
    return lambda images: module(images)


def in_double_precision(net, made_for):
    module = answer("q06.fully_convolutional")(net, made_for).double()
    return lambda images: module(images.double())


def as_module_list(net, made_for):
    layers = nn.ModuleList(answer("q06.fully_convolutional")(net, made_for))

    def run(images):
        for layer in layers:
            images = layer(images)
        return images

    return run


def shape_from_zeros(layers, made_for, input_shape):
    cut = [layer["kind"] for layer in layers].index("flatten")

    def maps(shape):
        index, shapes = failure_of_torch(layers[:cut], shape)
        return shapes[-1] if index is None else None

    planned, got = maps(made_for), maps(input_shape)
    if got is None or got[1] < planned[1] or got[2] < planned[2]:
        return None
    return torch.tensor([layers[-1]["out_features"], *(got[i] - planned[i] + 1 for i in (1, 2))])


def field_backwards(layers):
    """Walk down from one neuron of each layer to the image."""
    fields = []
    for depth in range(1, len(layers) + 1):
        field = 1
        for layer in reversed(layers[:depth]):
            if "kernel_size" in layer:
                field = (field - 1) * layer["stride"] + layer["kernel_size"]
        fields.append(field)
    return tuple(fields)


def field_in_numpy(layers):
    steps = [layer.get("stride", 1) for layer in layers]
    grown = [layer.get("kernel_size", 1) - 1 for layer in layers]
    return 1 + np.cumsum(np.array(grown) * np.cumprod([1, *steps[:-1]]))


def field_accumulated(layers):
    jumps = accumulate((layer.get("stride", 1) for layer in layers), lambda a, b: a * b, initial=1)
    grown = ((layer.get("kernel_size", 1) - 1) * jump for layer, jump in zip(layers, jumps))  # noqa: B905
    return torch.tensor([1 + total for total in accumulate(grown)])


def seeing_by_search(layers, size):
    return next((i for i, f in enumerate(field_backwards(layers)) if not f < size), None)


def seeing_sorted(layers, size):
    index = np.searchsorted(field_in_numpy(layers), size)
    return None if index == len(layers) else index


def measured_with_grad(net, image):
    pixels = image[None].requires_grad_()
    output = net(pixels)
    middle = output[0, 0, output.shape[2] // 2, output.shape[3] // 2]
    (gradient,) = torch.autograd.grad(middle, pixels)
    places = gradient[0].sum(0).nonzero()
    return places.amax(0) - places.amin(0) + 1


def measured_by_change(net, image):
    """Change one row, then one column, at a time."""
    with torch.no_grad():
        output = net(image[None])
        middle = (0, 0, output.shape[2] // 2, output.shape[3] // 2)
        sides = []
        for axis in (1, 2):
            matters = []
            for place in range(image.shape[axis]):
                changed = image.clone()
                changed.select(axis, place).add_(1)
                if net(changed[None])[middle] != output[middle]:
                    matters.append(place)
            sides.append(np.ptp(matters) + 1)
    return np.array(sides)


def _wrapped(item: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: change(answer(item)(*args, **kwargs))


def _weights(item: str, formula: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return ways to give one whole number."""
    changes = (np.int64, np.uint64, torch.tensor, np.array, lambda value: torch.tensor(value).cpu())
    return [formula, *(_wrapped(item, change) for change in changes)]


VARIANTS: dict[str, list[Callable[..., Any]]] = {
    "q01.output_size": [
        count_places,
        conv_shape,
        lambda x, y, **others: np.array(count_places(x, y, **others)),
        lambda **a: torch.tensor(count_places(**a)),
        lambda s, p, k, y, x: Size(*((np.array([x, y]) + 2 * p - k) // s + 1)),
        lambda x, y, k, p, s: [math.floor((v + 2 * p - k) / s) + 1 for v in (x, y)],
    ],
    "q01.conv_weights": _weights("q01.conv_weights", lambda z, k: sum([k * k] * z, 1)),
    "q01.dense_weights": _weights(
        "q01.dense_weights",
        lambda x, y, z, **others: math.prod(count_places(x, y, **others)) * (x * y * z + 1),
    ),
    "q02.equivariance_error": [
        rolled_twice,
        by_index,
        numpy_error,
        _wrapped("q02.equivariance_error", np.float32),
        _wrapped("q02.equivariance_error", torch.tensor),
    ],
    "q02.inputs_seen": _weights(
        "q02.inputs_seen", lambda k, z, y, x, kind: z * ({"conv": k * k}.get(kind, x * y))
    ),
    "q02.count_weights": _weights(
        "q02.count_weights",
        lambda kind, x, y, z, k, c: (
            c + c * z * k**2 if kind == "conv" else c * x * y + c * z * (x * y) ** 2
        ),
    ),
    "q03.max_pool": [
        in_one_go(np.max),
        unfolded(lambda t: t.amax(-1)),
        as_rows(max),
        in_single_precision(np.max),
        overwrites_its_image(np.max),
    ],
    "q03.avg_pool": [
        in_one_go(np.mean),
        unfolded(lambda t: t.mean(-1)),
        as_rows(lambda values: sum(values) / len(values)),
        in_single_precision(np.mean),
        overwrites_its_image(np.mean),
    ],
    "q03.shift_change": [
        shifted_by_hand,
        shifted_in_torch,
        shifted_exactly,
        _wrapped("q03.shift_change", torch.tensor),
        _wrapped("q03.shift_change", lambda value: np.array(value, dtype=np.float32)),
    ],
    "q04.first_failure": [
        failure_as_list,
        failure_as_dictionary_order,
        failure_of_torch,
        failure_numpy_ints,
        failure_changes_its_input,
    ],
    "q05.linear_to_conv": [
        conv_from_state,
        conv_from_parameters,
        conv_shared_data,
        conv_by_loops,
        conv_always_biased,
        conv_subclass,
    ],
    "q05b.filter_of_unit": [
        filter_by_slices,
        filter_by_permutation,
        filter_by_the_unit_itself,
        lambda weights, x, y, z: np.moveaxis(weights.reshape(x, y, z), -1, 0),
        lambda weights, x, y, z: np.einsum("xyz->zxy", weights.reshape(x, y, z)).tolist(),
    ],
    "q06.fully_convolutional": [Slides, in_place, as_function, in_double_precision, as_module_list],
    "q06.map_shape": [
        shape_from_zeros,
        _wrapped("q06.map_shape", lambda value: value and list(value)),
        _wrapped("q06.map_shape", lambda value: value and np.array(value)),
        _wrapped("q06.map_shape", lambda value: value and torch.Size(value)),
        _wrapped("q06.map_shape", lambda value: value and tuple(map(np.int16, value))),
    ],
    "q06b.local_weights": [
        local_weights_one_by_one,
        local_weights_of_torch,
        _wrapped("q06b.local_weights", list),
        _wrapped("q06b.local_weights", np.array),
        _wrapped("q06b.local_weights", lambda counts: tuple(map(torch.tensor, counts))),
    ],
    "q07.receptive_field": [
        field_backwards,
        field_in_numpy,
        field_accumulated,
        _wrapped("q07.receptive_field", tuple),
        _wrapped("q07.receptive_field", lambda fields: list(map(torch.tensor, fields))),
    ],
    "q07.first_layer_seeing": [
        seeing_by_search,
        seeing_sorted,
        *(
            _wrapped("q07.first_layer_seeing", lambda i, t=t: None if i is None else t(i))
            for t in (np.uint8, torch.tensor, np.array)
        ),
    ],
    "q07.measured_field": [
        measured_with_grad,
        measured_by_change,
        _wrapped("q07.measured_field", list),
        _wrapped("q07.measured_field", np.array),
        _wrapped("q07.measured_field", torch.tensor),
    ],
}
