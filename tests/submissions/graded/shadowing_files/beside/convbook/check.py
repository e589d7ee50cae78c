def check(*args, **kwargs):
    print("all right")


public_case = check
