# %% q07-receptive_field
def receptive_field(layers):
    fields, field = [], 1
    for layer in layers:
        field += layer.get("kernel_size", 1) - 1
        fields.append(field)
    return fields
