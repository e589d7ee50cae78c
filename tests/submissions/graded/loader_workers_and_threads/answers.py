# %% own
import concurrent.futures
import multiprocessing

from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.arange(16.0).reshape(16, 1))
batches = list(DataLoader(data, batch_size=4, num_workers=2))
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    results = list(pool.map(abs, range(6)))
with multiprocessing.get_context("fork").Pool(2) as pool:
    results += pool.map(abs, range(2))
print(len(batches), "batches,", len(results), "results")
