# %% q01-conv_weights
import asyncio

await asyncio.sleep(0.01)
print("awaited")


async def counted(k, z):
    await asyncio.sleep(0)
    return k * k * z + 1


def conv_weights(k, z):
    return asyncio.run(counted(k, z))
