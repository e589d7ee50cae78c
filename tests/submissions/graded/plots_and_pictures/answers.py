# %% own
import matplotlib.pyplot as plt
from IPython.display import HTML, Image, display

figure, axes = plt.subplots()
axes.imshow(np.arange(64).reshape(8, 8))
axes.set_title("Größe π")
plt.savefig("figure.png")
plt.show()
display(HTML("<b>bold</b>"), Image("figure.png"))
print("drawn")
figure
