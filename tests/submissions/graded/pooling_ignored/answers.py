# %% q07-receptive_field
def receptive_field(layers):
    fields, field, jump = [], 1, 1
    for layer in layers:
        if layer["kind"] == "conv":
            field += (layer["kernel_size"] - 1) * jump
            jump *= layer["stride"]
        fields.append(field)
    return fields
