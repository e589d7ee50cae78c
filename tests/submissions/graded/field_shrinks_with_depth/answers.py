# %% q07-receptive_field
def fields(layers):
    found, field, jump = [], 1, 1
    for layer in layers:
        if "kernel_size" in layer:
            field += (layer["kernel_size"] - 1) * jump
            jump *= layer["stride"]
        found.append(field)
    return found


def receptive_field(layers):
    return fields(layers)[::-1]

# %% q07-first_layer_seeing
def first_layer_seeing(layers, size):
    return next((i for i, field in enumerate(fields(layers)) if field >= size), None)
