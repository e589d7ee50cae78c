"""Settings of the kernel that runs the cells of the book."""

c = get_config()  # noqa: F821 - IPython defines it

c.HistoryManager.enabled = False
# Plots are drawn as SVG with real text: sharp, and able to take the page's colours.
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.rc = {
    "svg.fonttype": "none",
    "svg.hashsalt": "convbook",  # the same plot gives the same file
    "savefig.facecolor": "none",
}
